/* The actions of taking_over.cpp. */

inline identify() {
  verify_token(HAND);
  if
  :: outcome == DONE && seen.current == HAND -> event = Event_NotDue
  :: outcome == DONE && seen.current != HAND && !(NAMES(seen) & BIT(HAND)) ->
    event = Event_Accepted
  :: else -> event = Event_Failed
  fi
}

inline stage_adopted() {
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
