/* What is true: the workspace's tokens, the slot's store, and what may still go wrong. */

/* ---- The workspace ---- */

mask live = BIT(TOKEN_FIRST) | BIT(HAND) | BIT(FOREIGN);
mask used = BIT(TOKEN_FIRST) | BIT(FOREIGN); /* shows a day of last use */
mask unusable;     /* live, and refused for good: another principal, other scopes */
mask late_posts;   /* under way, though their senders gave up */
mask late_deletes;
mask aged;         /* near their expiry */

/* ---- The store ---- */

typedef Slot {
  byte state;
  byte current;
  byte pending; /* the nonce of an intent, the token of a value */
  bool has_value;
  bool discard;
  byte previous[PREVIOUS]; /* newest first */
  mask retiring;
  mask log; /* nonces that were staged */
};
Slot kept;
byte fence; /* who began last: whoever else writes is answered ABORTED */
byte lease; /* who holds it, or nobody */
byte running; /* the hosts in a call, a mask: any other holder's lease runs out freely */

inline copy(from, to) {
  to.state = from.state;
  to.current = from.current;
  to.pending = from.pending;
  to.has_value = from.has_value;
  to.discard = from.discard;
  to.previous[0] = from.previous[0];
  to.previous[1] = from.previous[1];
  to.previous[2] = from.previous[2];
  to.retiring = from.retiring;
  to.log = from.log;
}

/* Commit as the store does it: the version is pending or the newest previous one. */
inline make_current(slot, version) {
  if
  :: slot.previous[0] == version ->
    slot.previous[0] = slot.current
  :: else ->
    if
    :: slot.current ->
      assert(slot.previous[PREVIOUS - 1] == 0); /* the bound would cut the model */
      slot.previous[2] = slot.previous[1];
      slot.previous[1] = slot.previous[0];
      slot.previous[0] = slot.current
    :: else
    fi;
    slot.pending = 0;
    slot.has_value = false
  fi;
  slot.current = version
}

inline forget(slot, version) {
  if
  :: slot.pending == version ->
    slot.pending = 0;
    slot.has_value = false;
    slot.discard = false
  :: else
  fi;
  if :: slot.current == version -> slot.current = 0 :: else fi;
  if
  :: slot.previous[0] == version ->
    slot.previous[0] = slot.previous[1];
    slot.previous[1] = slot.previous[2];
    slot.previous[2] = 0
  :: slot.previous[1] == version ->
    slot.previous[1] = slot.previous[2];
    slot.previous[2] = 0
  :: slot.previous[2] == version ->
    slot.previous[2] = 0
  :: else
  fi;
  slot.retiring = slot.retiring & ~BIT(version)
}

/* ---- What may still go wrong, and what else is remembered to judge ---- */

byte faults = FAULTS;       /* answers that are lost, requests that are late or refused */
byte crashes = CRASHES;     /* hosts that are killed */
byte sleeps = SLEEPS;       /* leases that run out under a running host */
byte refusals = REFUSALS;   /* verifications that refuse once, tokens that are unusable */
byte strangers = STRANGERS; /* revocations by somebody else */
byte ages = AGES;           /* tokens that near their expiry */
byte restores = RESTORES;   /* backups that are restored */
Slot backup;
bool is_backed_up;

bool resting; /* faults have stopped, and nothing is under way */

byte next_nonce = TOKEN_FIRST + 1;
mask sent = BIT(TOKEN_FIRST); /* nonces that were sent */
mask unlooked; /* intents of which nobody knows what became of them */
mask recent = BIT(TOKEN_FIRST); /* was current less than a grace period ago */
mask excused;  /* dead by somebody else's hand */
bool is_restored;
mask lost;     /* in use when the store was restored, and the backup does not name them */

/* ---- The promises ---- */

/* Their names are what spin prints of a violation. */
hidden byte I1_current_is_live, I1_nothing_is_retired_under_a_dead_current,
    I2_readers_are_accepted, I3_all_that_lives_is_known, I3_all_that_is_known_lives,
    I4_few_tokens_live, I6_one_rotation_mints_once, I6_looked_for_the_first,
    I6_a_nonce_is_sent_once, I7_only_the_lease_decides, I7_a_rotation_ends,
    I9_others_are_untouched, I9_what_is_not_ours_is_kept, I9_a_restored_store_deletes_nothing,
    I9_a_restored_store_mints_nothing, I9_no_false_alarm, I10_revoked_stays_revoked;

/* After each effect. */
inline check() {
  d_step {
    I1_current_is_live = kept.state != SLOT_ACTIVE || kept.current == 0 ||
                         ((live & ~unusable | excused) & BIT(kept.current)) != 0;
    assert(I1_current_is_live);
    I2_readers_are_accepted = (recent & ~live & ~excused) == 0;
    assert(I2_readers_are_accepted);
    I4_few_tokens_live = COUNT((live & MARKED)) <=
                         2 + COUNT(PREVIOUS_OF(kept)) + FAULTS - faults + CRASHES -
                             crashes + SLEEPS - sleeps + REFUSALS - refusals;
    assert(I4_few_tokens_live);
    I9_a_restored_store_deletes_nothing = (lost & ~live) == 0;
    assert(I9_a_restored_store_deletes_nothing);
    I9_others_are_untouched = (live & BIT(FOREIGN)) != 0;
    assert(I9_others_are_untouched)
  }
}

/* ---- What happens by itself ---- */

proctype World() {
  byte token;
end:
  do
  :: atomic {
      late_posts ->
      ANY_OF(token, late_posts);
      late_posts = late_posts & ~BIT(token);
      live = live | BIT(token);
      token = 0;
      check()
    }
  :: atomic {
      late_deletes ->
      ANY_OF(token, late_deletes);
      late_deletes = late_deletes & ~BIT(token);
      live = live & ~BIT(token);
      token = 0;
      check()
    }
  :: atomic { /* a holder that is not in a call, or sleeps through its lease */
      lease && (!(running & BIT(lease)) || sleeps) ->
      if
      :: running & BIT(lease) -> sleeps--
      :: else
      fi;
      lease = 0
    }
  :: atomic { /* a grace period passes */
      recent & ~CURRENT_OF(kept) ->
      ANY_OF(token, recent & ~CURRENT_OF(kept));
      recent = recent & ~BIT(token);
      token = 0
    }
  :: atomic { /* somebody else revokes */
      strangers && kept.current && (live & BIT(kept.current)) ->
      strangers--;
      excused = excused | BIT(kept.current);
      live = live & ~BIT(kept.current)
    }
  :: atomic { /* current nears its expiry */
      ages && kept.current ->
      ages--;
      aged = aged | BIT(kept.current)
    }
  :: atomic { /* somebody makes a backup of the store */
      restores && !is_backed_up ->
      d_step { copy(kept, backup) };
      is_backed_up = true
    }
  :: atomic { /* and restores it while no host runs */
      restores && is_backed_up && running == 0 ->
      restores--;
      d_step {
        lost = recent & live & ~NAMES(backup);
        excused = excused | (NAMES(backup) & (~live | late_deletes));
        unlooked = unlooked & (backup.pending && !backup.has_value -> BIT(backup.pending) : 0);
        copy(backup, kept);
        recent = recent | (CURRENT_OF(kept) & live);
        fence = 0;
        lease = 0;
        is_restored = true;
        is_backed_up = false;
        backup.state = 0;
        backup.current = 0;
        backup.pending = 0;
        backup.has_value = 0;
        backup.discard = 0;
        backup.previous[0] = 0;
        backup.previous[1] = 0;
        backup.previous[2] = 0;
        backup.retiring = 0;
        backup.log = 0
      }
    }
  od
}
