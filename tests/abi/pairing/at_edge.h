/* For both sides of a pairing. */
#ifndef AT_EDGE_H
#define AT_EDGE_H

#include <hub/connector.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* CARELESS: the name of a struct whose length is not asked for. */
#if defined(CARELESS)
#undef HUB_HAS
#define HUB_HAS(type, pointer, member) \
  (strcmp(#type, CARELESS) == 0 ||     \
   (pointer)->struct_size >= offsetof(type, member) + sizeof((pointer)->member))
#endif

/* A copy that ends where a page ends that nobody may touch: who reads behind it is killed. It is
 * not given back. */
static const void* at_edge(const void* original, size_t size) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char* pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED || size > page) abort();
  memcpy(pages + page - size, original, size);
  if (mprotect(pages, page, PROT_READ) != 0 || mprotect(pages + page, page, PROT_NONE) != 0)
    abort();
  return pages + page - size;
}

static inline hub_text text(const char* string) { return (hub_text){string, strlen(string)}; }

static inline int is(hub_text text, const char* string) {
  return text.size == strlen(string) && memcmp(text.data, string, text.size) == 0;
}

#endif
