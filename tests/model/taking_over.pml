/* The actions of taking_over.cpp. */

inline identify() {
  if
  :: seen.current == HAND -> taken_over = true; event = Event_NotDue
  :: else ->
    verify_token(HAND);
    if
    :: outcome == DONE && !(NAMES(seen) & BIT(HAND)) -> event = Event_Accepted
    :: else -> event = Event_Failed
    fi
  fi
}

inline stage_adopted() {
  if
  :: step == 0 && seen.state != SLOT_ACTIVE ->
    set_state(SLOT_ACTIVE);
    if
    :: event == Event_Written -> step = 1
    :: else
    fi
  :: else ->
    write();
    if
    :: TAKES_EFFECT ->
      kept.pending = HAND;
      kept.has_value = true
    :: else
    fi;
    if
    :: outcome == DONE ->
      seen.pending = HAND;
      seen.has_value = true;
      target = HAND;
      discards = true
    :: else
    fi;
    written()
  fi
}

inline prove_previous() {
  if
  :: replace && seen.current != replace -> event = Event_NotDue
  :: (!replace || seen.current == replace) &&
         (seen.pending && seen.has_value && !seen.discard || !seen.previous[0] ||
          (seen.retiring & BIT(seen.previous[0]))) ->
    event = Event_Failed
  :: else ->
    verify_token(seen.previous[0]);
    if
    :: outcome == DONE -> target = seen.previous[0]; discards = false; event = Event_Accepted
    :: else -> event = Event_Failed
    fi
  fi
}
