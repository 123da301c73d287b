/* The actions of replacing.cpp. */

/* ---- Is a new one due? ---- */

#define MET (committed || (seen.current && seen.current != replace))
#define IS_DUE ((goal == ROTATE || goal == CREATE) && \
                (seen.current == 0 || drift || (aged & BIT(seen.current)) || \
                 (replace && !(IS_MET))))

inline check_drift() {
  if
  :: step == 0 && (goal != ROTATE || committed || drift || !seen.current) ->
    event = Event_Checked
  :: step == 0 && goal == ROTATE && !committed && !drift && seen.current ->
    if
    :: !resting -> event = Event_Checked /* looked today */
    :: DRIFT_IS_CHECKED || resting ->
      ask();
      if
      :: outcome == DONE && !(live & BIT(seen.current)) -> step = 3
      :: else -> event = Event_Checked
      fi
    fi
  :: step == 3 -> /* gone: a restored store shows itself in the list */
    list();
    if
    :: outcome != DONE -> failed()
    :: outcome == DONE && !SUSPICIOUS -> step = 0; drift = true; event = Event_Checked
    :: outcome == DONE && SUSPICIOUS -> step = 4
    fi
  :: step == 4 ->
    renew();
    orphans = 0;
    step = 0;
    if
    :: outcome == ABORTED -> event = Event_LeaseLost
    :: outcome != ABORTED && (outcome != DONE || strange) -> event = Event_Failed
    :: outcome == DONE && !strange -> drift = true; event = Event_Checked
    fi;
    strange = false
  fi
}

inline decide() {
  if
  :: goal == ADOPT && !committed -> event = Event_Offered
  :: else ->
    if
    :: IS_DUE -> event = Event_Due
    :: else -> event = Event_NotDue
    fi
  fi
}

inline prepare() {
  if
  :: step == 0 && mints == 2 -> event = Event_Failed
  :: step == 0 && mints < 2 && seen.previous[PREVIOUS - 1] -> event = Event_NotDue /* not_made() */
  :: else ->
    clean_up();
    if
    :: event == Event_Refused -> blind = true; event = Event_Ready
    :: event == Event_Checked -> blind = false; event = Event_Ready
    :: event == Event_Checked && MAY_BE_FULL -> event = Event_NotDue
    :: event == Event_Unanswered -> event = Event_Failed
    :: else
    fi
  fi
}

/* ---- Mint ---- */

inline stage_intent() {
  assert(next_nonce <= NONCES); /* the bound would cut the model */
  write();
  if
  :: TAKES_EFFECT ->
    I6_one_rotation_mints_once = goal != ROTATE || replace == 0 || kept.current == replace ||
                                 kept.current == 0 || drift || (aged & CURRENT_OF(kept));
    assert(I6_one_rotation_mints_once);
    I6_looked_for_the_first = unlooked == 0;
    assert(I6_looked_for_the_first);
    unlooked = BIT(next_nonce);
    kept.pending = next_nonce;
    kept.has_value = false;
    kept.log = kept.log | BIT(next_nonce)
  :: else
  fi;
  if
  :: outcome == DONE ->
    target = next_nonce;
    discards = true;
    seen.pending = next_nonce;
    seen.log = seen.log | BIT(next_nonce)
  :: else
  fi;
  if :: TAKES_EFFECT -> next_nonce++ :: else fi;
  written()
}

inline mint() {
  if
  :: step == 0 ->
    renew();
    if
    :: outcome == DONE -> step = 1
    :: else -> written()
    fi
  :: step == 1 ->
    if
    :: outcome = DONE
    :: faults -> lose(LOST_BEFORE)
    :: faults -> lose(LOST_AFTER)
    :: faults -> lose(LATE)
    :: faults -> lose(REFUSED)
    :: crashes -> die()
    fi;
    step = 0;
    mints++;
    I6_a_nonce_is_sent_once = !(sent & BIT(target));
    assert(I6_a_nonce_is_sent_once);
    I9_a_restored_store_mints_nothing = !(lost & live) || blind;
    assert(I9_a_restored_store_mints_nothing);
    sent = sent | BIT(target);
    if
    :: outcome == DONE || outcome == LOST_AFTER ->
      live = live | BIT(target);
      if
      :: unusable = unusable
      :: refusals -> refusals--; unusable = unusable | BIT(target)
      fi
    :: outcome == LATE -> late_posts = late_posts | BIT(target)
    :: else
    fi;
    if
    :: outcome == DONE -> minted = target; event = Event_Minted
    :: outcome == REFUSED ->
      unlooked = unlooked & ~BIT(target);
      seen.log = seen.log & ~BIT(target);
      event = Event_Refused
    :: else -> event = Event_Unanswered
    fi;
    check()
  fi
}

inline stage_value() {
  write();
  if
  :: TAKES_EFFECT ->
    kept.pending = target;
    kept.has_value = true;
    unlooked = unlooked & ~BIT(target)
  :: else
  fi;
  if :: outcome == DONE -> seen.has_value = true :: else fi;
  written()
}

inline undo_mint() {
  revoke(minted);
  unlooked = unlooked & ~BIT(minted);
  event = Event_LeaseLost
}

inline reconcile() {
  target_pending();
  clean_up();
  if
  :: event == Event_Checked -> event = Event_Gone
  :: event == Event_Refused || event == Event_Unanswered -> event = Event_Failed
  :: else
  fi
}

/* ---- Verify and commit ---- */

inline verify() {
  verify_token(target);
  if
  :: outcome == DONE -> proven = true; event = Event_Accepted
  :: outcome == REFUSED -> event = Event_Rejected
  :: else -> event = Event_Failed
  fi
}

inline commit() {
  if
  :: step == 0 ->
    BEFORE_COMMIT;
    write();
    if
    :: TAKES_EFFECT && (kept.pending == target && kept.has_value && !kept.discard ||
                        kept.previous[0] == target && !(kept.retiring & BIT(target))) ->
      make_current(kept, target);
      recent = recent | BIT(target)
    :: TAKES_EFFECT && kept.current != target &&
           !(kept.pending == target && kept.has_value && !kept.discard ||
             kept.previous[0] == target && !(kept.retiring & BIT(target))) ->
      outcome = REFUSED
    :: else
    fi;
    written();
    if
    :: event == Event_Written ->
      committed = true;
      proven = true;
      refused = false;
      taken_over = target == HAND;
      minted = 0;
      drift = false;
      step = 1
    :: else
    fi
  :: step == 1 -> /* take_over_roles() */
    ask();
    step = 0;
    d_step {
      if
      :: outcome == DONE ->
        copy(kept, seen);
        ripe = PREVIOUS_OF(kept) & ~recent
      :: else ->
        if
        :: seen.current != target -> make_current(seen, target)
        :: else
        fi;
        ripe = ripe & ~BIT(target)
      fi
    };
    event = Event_Written
  fi
}

