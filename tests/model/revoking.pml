/* The actions of revoking.cpp. */

/* ---- Mark, delete, drop ---- */

#define IS_PENDING(slot) (slot.pending == target)
#define IS_PREVIOUS(slot) (PREVIOUS_OF(slot) & BIT(target))

inline mark_target() {
  if
  :: is_marked -> event = Event_Written
  :: !is_marked ->
    write();
    if
    :: TAKES_EFFECT && (kept.state != SLOT_ACTIVE || goal == REVOKE_PREVIOUS) ->
      recent = recent & ~BIT(target) /* asked for: no grace */
    :: else
    fi;
    if
    :: TAKES_EFFECT && discards && kept.pending == target -> kept.discard = true
    :: TAKES_EFFECT && !discards &&
           ((PREVIOUS_OF(kept) & BIT(target)) ||
            kept.current == target && kept.state == SLOT_REVOKING) ->
      kept.retiring = kept.retiring | BIT(target)
    :: else -> /* the store refuses */
      if
      :: TAKES_EFFECT -> outcome = REFUSED
      :: else
      fi
    fi;
    written()
  fi
}

inline delete_target() {
  if
  :: discards && target == HAND -> event = Event_Gone /* somebody else's still */
  :: step == 0 && !(discards && target == HAND) ->
    renew();
    if
    :: outcome == DONE -> step = 1
    :: else -> written()
    fi
  :: step == 1 ->
    step = 0;
    I1_nothing_is_retired_under_a_dead_current =
        seen.state != SLOT_ACTIVE || discards || committed || !began_dead;
    assert(I1_nothing_is_retired_under_a_dead_current);
    revoke(target);
    if
    :: IS_GONE -> event = Event_Gone
    :: else -> event = Event_Failed
    fi
  fi
}

inline drop_target() {
  write();
  if
  :: TAKES_EFFECT && (kept.current != target || kept.state == SLOT_REVOKING) ->
    d_step { forget(kept, target) };
    kept.log = seen.log
  :: TAKES_EFFECT && kept.current == target && kept.state != SLOT_REVOKING -> outcome = REFUSED
  :: else
  fi;
  written();
  if
  :: event == Event_Written ->
    d_step { forget(seen, target); ripe = ripe & ~BIT(target) };
    target = 0;
    discards = false;
    is_marked = false
  :: else
  fi
}

/* ---- Retire ---- */

#define RIPE(version) \
  (version && (goal == REVOKE_PREVIOUS || ((ripe | seen.retiring) & BIT(version))))

inline choose_retirement() {
  target = 0;
  if
  :: goal == SWEEP || !seen.current || refused
  :: else ->
    if
    :: RIPE(seen.previous[2]) -> target = seen.previous[2]
    :: !RIPE(seen.previous[2]) && RIPE(seen.previous[1]) -> target = seen.previous[1]
    :: !RIPE(seen.previous[2]) && !RIPE(seen.previous[1]) && RIPE(seen.previous[0]) ->
      target = seen.previous[0]
    :: else
    fi
  fi;
  if
  :: target == 0 -> event = Event_NothingLeft
  :: target ->
    discards = false;
    is_marked = (seen.retiring & BIT(target)) != 0;
    if
    :: proven -> event = Event_Accepted
    :: !proven -> event = Event_Due
    fi
  fi
}

inline prove_current() {
  verify_token(seen.current);
  proven = outcome == DONE;
  refused = outcome == REFUSED;
  if
  :: outcome == DONE -> event = Event_Accepted
  :: outcome == REFUSED && goal == ROTATE -> drift = true; event = Event_Rejected
  :: else -> event = Event_Failed
  fi
}

inline check_use() {
  if
  :: event = Event_Unused
  :: KEPT_WHILE_USED && goal == ROTATE && !is_marked -> /* kept_until, for this run */
    ripe = ripe & ~BIT(target);
    event = Event_InUse
  :: CLOCKS_DIFFER && goal == ROTATE && !is_marked -> /* it was not ripe after all */
    ripe = ripe & ~BIT(target);
    event = Event_NotDue
  fi
}

#define IS_ASKED (goal == SWEEP || (goal == ADOPT && taken_over))

inline sweep() {
  if
  :: !IS_ASKED && step == 0 -> event = Event_Checked /* looked today */
  :: IS_ASKED || step || SWEEP_IS_DUE ->
    clean_up();
    if
    :: event == Event_Failed || event == Event_Refused || event == Event_Unanswered ->
      if
      :: IS_ASKED -> event = Event_Failed
      :: else -> event = Event_Checked
      fi
    :: else
    fi
  fi
}

/* ---- Revoke everything ---- */

inline set_state(value) {
  write();
  if :: TAKES_EFFECT -> kept.state = value :: else fi;
  if :: outcome == DONE -> seen.state = value :: else fi;
  written()
}

inline choose_revocation() {
  target = 0;
  if
  :: seen.pending ->
    target_pending()
  :: !seen.pending ->
    discards = false;
    if
    :: seen.previous[2] -> target = seen.previous[2]
    :: !seen.previous[2] && seen.previous[1] -> target = seen.previous[1]
    :: !seen.previous[2] && !seen.previous[1] && seen.previous[0] -> target = seen.previous[0]
    :: else -> target = seen.current
    fi;
    is_marked = target && target != seen.current && (seen.retiring & BIT(target))
  fi;
  if
  :: target == 0 -> event = Event_NothingLeft
  :: target && discards && !seen.has_value && !seen.discard -> event = Event_IntentLeft
  :: else -> event = Event_VersionLeft
  fi
}

inline decide_revoked() {
  if
  :: goal == ROTATE || goal == ROLLBACK -> event = Event_Failed /* SLOT_REVOKED */
  :: goal == ADOPT -> event = Event_Offered
  :: goal == CREATE -> event = Event_Due
  :: else -> event = Event_NotDue
  fi
}

