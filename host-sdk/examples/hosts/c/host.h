/* What the parts of this host say to each other. */
#ifndef HOST_H
#define HOST_H

#include <hub/connector.h>

/* Notes why a function of the call is about to return `status`, and returns it. */
hub_status refuse(const hub_call* call, hub_status status, const char* reason, const char* message);

/* Whether `text` is `expected`, a string. */
int is(hub_text text, const char* expected);

/* Milliseconds since 1970-01-01 UTC. */
int64_t unix_ms(void);

/* The slot, slot.c: its name, what it is like, and the functions of hub_call for it. */
void slot_make(const char* name);
void slot_report(void);
hub_status slot_get(const hub_call* call, hub_text name, hub_sink value);
hub_status slot_begin(const hub_call* call, hub_text name, int64_t lease_ms, uint64_t* fence,
                      hub_sink snapshot);
hub_status slot_look(const hub_call* call, hub_text name, hub_sink snapshot);
hub_status slot_renew(const hub_call* call, hub_text name, uint64_t fence, int64_t lease_ms);
hub_status slot_read(const hub_call* call, hub_text name, uint64_t fence, uint64_t version,
                     hub_sink value);
hub_status slot_stage(const hub_call* call, hub_text name, uint64_t fence, hub_bytes value,
                      hub_text note, hub_text slot_note, uint64_t* version);
hub_status slot_mark(const hub_call* call, hub_text name, uint64_t fence, uint64_t version,
                     hub_mark mark, hub_text slot_note);
hub_status slot_state(const hub_call* call, hub_text name, uint64_t fence, hub_slot_state state,
                      hub_text slot_note);
hub_status slot_commit(const hub_call* call, hub_text name, uint64_t fence, uint64_t version,
                       int64_t grace_ms, hub_text note, hub_text slot_note);
hub_status slot_drop(const hub_call* call, hub_text name, uint64_t fence, uint64_t version,
                     hub_text slot_note);
hub_status slot_note(const hub_call* call, hub_text name, uint64_t fence, hub_text note);
hub_status slot_end(const hub_call* call, hub_text name, uint64_t fence);

#endif
