/* A connector in plain C, good as it is and bad in one way for each ZOO_ define. */
#define _POSIX_C_SOURCE 200809L /* setenv */
#include <hub/connector.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(literal) \
  { literal, sizeof(literal) - 1 }

/* Tells that code of this library ran. */
__attribute__((constructor)) static void ran(void) {
  setenv("ZOO_RAN", "1", 1);
#if defined(ZOO_ABORTS_ON_LOAD)
  abort();
#endif
}

static const char kDescription[] =
#if defined(ZOO_DESCRIPTION_NO_JSON)
    "{\"id\": \"zoo\", \"id\": \"zoo\"}";
#elif defined(ZOO_DESCRIPTION_INVALID)
    "{\"id\": \"zoo\", \"version\": \"1.0.0\"}";
#elif defined(ZOO_DESCRIPTION_OF_ANOTHER)
    "{\"id\": \"other\", \"version\": \"1.0.0\", \"title\": \"Zoo\", \"summary\": \"For tests.\","
    " \"config\": {}, \"secrets\": {}, \"reasons\": {}, \"operations\": {\"run\":"
    " {\"summary\": \"Fails.\", \"idempotent\": true, \"request\": {}, \"response\": {}}}}";
#elif defined(ZOO_DESCRIPTION_SCHEMA_BROKEN)
    "{\"id\": \"zoo\", \"version\": \"1.0.0\", \"title\": \"Zoo\", \"summary\": \"For tests.\","
    " \"config\": {\"type\": 7}, \"secrets\": {}, \"reasons\": {}, \"operations\": {\"run\":"
    " {\"summary\": \"Fails.\", \"idempotent\": true, \"request\": {}, \"response\": {}}}}";
#else
    "{\"id\": \"zoo\", \"version\": \"1.0.0\", \"title\": \"Zoo\", \"summary\": \"For tests.\","
    " \"config\": {}, \"secrets\": {}, \"reasons\": {}, \"operations\": {\"run\":"
    " {\"summary\": \"Fails.\", \"idempotent\": true, \"request\": {}, \"response\": {}}}}";
#endif

static hub_status describe(hub_sink description) {
  const hub_bytes text = {kDescription, sizeof kDescription - 1};
  hub_status written = description.write(description.context, text);
#if defined(ZOO_DESCRIBE_FAILS)
  written = HUB_INTERNAL;
#endif
  return written;
}

#if defined(ZOO_UNDEFINED_SYMBOL)
extern void nobody_defines_this(void);
#endif

static hub_status start(const hub_host* host, const hub_call* call) {
  (void)host;
  (void)call;
#if defined(ZOO_UNDEFINED_SYMBOL)
  nobody_defines_this();
#endif
#if defined(ZOO_START_FAILS)
  return HUB_UNAVAILABLE;
#else
  return HUB_OK;
#endif
}

static void stop(void) {}

static int the_instance;

static hub_status open_instance(const hub_call* call, hub_text connection, hub_text config,
                                hub_instance** instance) {
  (void)call;
  (void)connection;
  (void)config;
  *instance = (hub_instance*)(void*)&the_instance;
#if defined(ZOO_OPEN_WITHOUT_INSTANCE)
  *instance = NULL;
#endif
  return HUB_OK;
}

#if !defined(ZOO_NO_INVOKE)
/* Fails without saying why. */
static hub_status invoke(hub_instance* instance, const hub_call* call, hub_text operation,
                         hub_text request, hub_sink response) {
  (void)instance;
  (void)call;
  (void)operation;
  (void)request;
  (void)response;
  return HUB_UNAVAILABLE;
}
#endif

static void close_instance(hub_instance* instance) { (void)instance; }

static const hub_connector kTable = {
#if defined(ZOO_SHORT_TABLE)
    .struct_size = offsetof(hub_connector, invoke),
#elif defined(ZOO_OLDER_TABLE)
    .struct_size = offsetof(hub_connector, query),
#elif defined(ZOO_LONGER_TABLE)
    .struct_size = sizeof(hub_connector) + 64,
#else
    .struct_size = sizeof(hub_connector),
#endif
    .abi_minor = HUB_CONNECTOR_MINOR,
#if defined(ZOO_OTHER_ID)
    .id = TEXT("other"),
#else
    .id = TEXT("zoo"),
#endif
    .version = TEXT("1.0.0"),
    .describe = describe,
    .start = start,
    .stop = stop,
    .open = open_instance,
#if !defined(ZOO_NO_INVOKE)
    .invoke = invoke,
#endif
    .close = close_instance};

#if !defined(ZOO_NO_ENTRY)
const void* hub_connector_query(const char* id) {
#if defined(ZOO_OTHER_MAJOR)
  return strcmp(id, "hub.connector/2") == 0 ? &kTable : NULL;
#else
  return strcmp(id, HUB_CONNECTOR_ID) == 0 ? &kTable : NULL;
#endif
}
#else
const void* zoo_table(void);
const void* zoo_table(void) { return &kTable; }
#endif

#if defined(ZOO_EXTRA_EXPORT)
HUB_EXPORT void zoo_extra(void);
void zoo_extra(void) {}
#endif
