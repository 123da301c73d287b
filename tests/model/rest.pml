/* The end of each scenario. Faults have stopped and what was under way has arrived, and grace periods have passed: the rotation of
 * what is current ends within two calls, and after a sweep all that lives is known. */
byte current_at_rest;

#define REST_CALLS 3

inline rest() {
  resting = true;
  faults = 0;
  crashes = 0;
  sleeps = 0;
  refusals = 0;
  strangers = 0;
  ages = 0;
  restores = 0;
  recent = recent & CURRENT_OF(kept); /* grace periods have passed */
  current_at_rest = kept.current;
  calls = REST_CALLS
}

#ifdef REVOKES

inline choose_request_at_rest() {
  if
  :: calls == 2 -> goal = REVOKE_ALL
  :: calls == 1 -> goal = ROTATE
  :: calls == 0 -> goal = SWEEP
  fi
}

inline check_at_rest() {
  d_step {
    I10_revoked_stays_revoked =
        kept.state == SLOT_REVOKED && NAMES(kept) == 0 && (live & MARKED) == 0;
    assert(I10_revoked_stays_revoked)
  }
}

#else

/* The store is older than the workspace: nothing happens until somebody has looked. */
#define OLDER (is_restored && (live & MARKED & ~NAMES(kept) & ~(kept.log & ~used)))

inline choose_request_at_rest() {
  if
  :: calls ->
    if
    :: kept.state == SLOT_ACTIVE && NAMES(kept) -> goal = ROTATE; replace = current_at_rest
    :: else -> goal = CREATE
    fi
  :: else ->
    I7_a_rotation_ends = kept.current != current_at_rest &&
                         (CURRENT_OF(kept) & live & ~unusable) || OLDER;
    assert(I7_a_rotation_ends);
    goal = SWEEP
  fi
}

inline check_at_rest() {
  d_step {
    I3_all_that_lives_is_known = (live & MARKED & ~NAMES(kept)) == 0 || OLDER;
    assert(I3_all_that_lives_is_known);
    I3_all_that_is_known_lives =
        (NAMES(kept) & ~live & ~excused) == 0 && kept.pending == 0 || OLDER;
    assert(I3_all_that_is_known_lives)
  }
}

#endif
