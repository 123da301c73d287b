/* What the actions are made of: one write or request, a list and what it means. One operation is one
 * atomic step; `step` is where an action of several stands. */

/* ---- What becomes of one operation ---- */

#define DONE 0
#define LOST_BEFORE 1 /* no effect, and nobody can tell */
#define LOST_AFTER 2  /* the effect, and nobody can tell */
#define LATE 3        /* the effect later, and nobody can tell */
#define REFUSED 4     /* a complete refusal, without effect */
#define ABORTED 5     /* the store: another began */
hidden byte outcome;


inline lose(how) { faults--; outcome = how }
inline die() { crashes--; goto killed }

inline write() {
  if
  :: FENCE_HOLDS -> outcome = DONE
  :: !(FENCE_HOLDS) -> outcome = ABORTED
  :: faults -> lose(LOST_BEFORE)
  :: faults && FENCE_HOLDS -> lose(LOST_AFTER)
  :: crashes -> die()
  fi
}
#define TAKES_EFFECT (outcome == DONE || outcome == LOST_AFTER)

/* After a write; what it answered becomes the event, as Rotator::written() has it. */
inline written() {
  check();
  step = 0;
  if
  :: outcome == DONE -> event = Event_Written
  :: outcome == ABORTED -> event = Event_LeaseLost
  :: else -> event = WHEN_UNKNOWN
  fi
}
inline failed() { step = 0; event = Event_Failed }

inline renew() {
  write();
  if :: TAKES_EFFECT -> lease = SELF :: else fi
}

/* A request that changes nothing. */
inline ask() {
  if
  :: outcome = DONE
  :: faults -> lose(LOST_BEFORE)
  :: crashes -> die()
  fi
}

inline revoke(token) {
  I9_what_is_not_ours_is_kept =
      token != HAND || ((CURRENT_OF(seen) | PREVIOUS_OF(seen)) & BIT(HAND)) != 0;
  assert(I9_what_is_not_ours_is_kept);
  if
  :: outcome = DONE
  :: faults -> lose(LOST_BEFORE)
  :: faults -> lose(LOST_AFTER)
  :: faults -> lose(LATE)
  :: faults -> lose(REFUSED)
  :: crashes -> die()
  fi;
  if
  :: TAKES_EFFECT -> live = live & ~BIT(token)
  :: outcome == LATE && (live & BIT(token)) -> late_deletes = late_deletes | BIT(token)
  :: else
  fi;
  check()
}

/* Accepted by the workspace: outcome DONE or REFUSED, or LOST_BEFORE. */
inline verify_token(token) {
  if
  :: !(live & ~unusable & BIT(token)) -> outcome = REFUSED
  :: live & ~unusable & BIT(token) ->
    outcome = DONE;
    used = used | BIT(token)
  :: (live & ~unusable & BIT(token)) && refusals -> /* once */
    refusals--;
    outcome = REFUSED
  :: faults -> lose(LOST_BEFORE)
  :: crashes -> die()
  fi
}

/* ---- A list and what it means ---- */

#define OURS (live & EXAMINED & ~NAMES(seen))
#define EXPLAINED (seen.log & ~used)

/* examine() */
inline list() {
  ask();
  if
  :: outcome == DONE ->
    unlooked = 0;
    strange = (OURS & ~(EXPLAINED) & ~(TAKEN_FOR_ORPHANS)) != 0;
    orphans = OURS & ((EXPLAINED) | (TAKEN_FOR_ORPHANS))
  :: else
  fi
}
#define SUSPICIOUS (strange || orphans)

/* The first orphan goes, or the next one. Renewed before each. */
inline revoke_orphan() {
  ANY_OF(orphan, orphans);
  revoke(orphan);
  orphans = orphans & ~BIT(orphan);
  orphan = 0
}

/* list, judge(), revoke_orphans(): what follows sees event None while they go on. Events: Checked:
 * all of it done; Refused: the list could not be read; LeaseLost, Failed: by judge(); Unanswered: an
 * orphan may live. */
inline clean_up() {
  event = Event_None;
  if
  :: step == 0 ->
    list();
    if
    :: outcome != DONE -> event = Event_Refused
    :: outcome == DONE && !SUSPICIOUS -> event = Event_Checked
    :: outcome == DONE && SUSPICIOUS -> step = 1
    fi
  :: step == 1 ->
    RENEW_BEFORE_JUDGING;
    if
    :: outcome == ABORTED -> event = Event_LeaseLost
    :: outcome != DONE && outcome != ABORTED -> event = Event_Failed
    :: outcome == DONE && strange -> /* STORE_OLDER_THAN_WORKSPACE */
      I9_no_false_alarm = is_restored || ALARMS_ARE_EXCUSED;
      assert(I9_no_false_alarm);
      event = Event_Failed
    :: outcome == DONE && !strange && action == Action_Prepare ->
      event = Event_Checked /* there is room: left to the sweep */
    :: outcome == DONE && !strange && (action != Action_Prepare || MAY_BE_FULL) -> step = 2
    fi
  :: step == 2 ->
    revoke_orphan();
    if
    :: outcome != DONE -> event = Event_Unanswered
    :: outcome == DONE && orphans == 0 -> event = Event_Checked
    :: outcome == DONE && orphans -> step = 1
    fi
  fi;
  if
  :: event != Event_None ->
    step = 0;
    orphans = 0;
    strange = false
  :: else
  fi
}

inline target_pending() {
  target = seen.pending;
  discards = true;
  is_marked = seen.discard
}

