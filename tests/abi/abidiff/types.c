/* What the plugin exports leads to no type but void, so a debugger sees the ABI's types here. */
#include <hub/connector.h>

void types(const hub_connector* connector, const hub_host* host, const hub_call* call,
           const hub_error* error);
void types(const hub_connector* connector, const hub_host* host, const hub_call* call,
           const hub_error* error) {
  (void)connector, (void)host, (void)call, (void)error;
}
