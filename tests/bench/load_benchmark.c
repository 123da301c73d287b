/* A plain C host: what it takes until a connector is started.
 *
 *     load_benchmark LIBRARY
 *
 * Writes {"microseconds": .., "resident_kb": ..}. A library without the entry is only loaded. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <hub/connector.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t now_unix_ms(const hub_host* host) {
  (void)host;
  return (int64_t)time(NULL) * 1000;
}

static int64_t now_monotonic_ns(const hub_host* host) {
  struct timespec now;
  (void)host;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void log_line(const hub_host* host, hub_log_level level, hub_text message) {
  (void)host;
  (void)level;
  (void)message;
}

static const void* query(const hub_host* host, const char* id) {
  (void)host;
  (void)id;
  return NULL;
}

static long resident_kb(void) {
  long pages = 0;
  FILE* file = fopen("/proc/self/statm", "r");
  if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1) exit(1);
  fclose(file);
  return pages * 4;
}

static void start(const hub_connector* connector) {
  static hub_host host;
  static hub_call call; /* a connector that starts asks for nothing */
  host.struct_size = sizeof host;
  host.name.data = "load";
  host.name.size = 4;
  host.version.data = "1";
  host.version.size = 1;
  host.now_unix_ms = now_unix_ms;
  host.now_monotonic_ns = now_monotonic_ns;
  host.log = log_line;
  host.query = query;
  call.struct_size = sizeof call;
  if (connector->start(&host, &call) != HUB_OK) exit(1);
}

int main(int count, char** arguments) {
  const long resident_before = resident_kb();
  const int64_t before = now_monotonic_ns(NULL);
  void* library;
  void* symbol;
  const void* (*entry)(const char*);
  if (count != 2) return 2;
  library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  symbol = dlsym(library, "hub_connector_query");
  if (symbol != NULL) {
    memcpy(&entry, &symbol, sizeof entry);
    start(entry(HUB_CONNECTOR_ID));
  }
  printf("{\"microseconds\": %.1f, \"resident_kb\": %ld}\n",
         (double)(now_monotonic_ns(NULL) - before) / 1000, resident_kb() - resident_before);
  return 0;
}
