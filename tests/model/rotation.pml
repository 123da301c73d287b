/* Two hosts carry out the machine's table against a world that may lose any answer. See README.md.
 * The scenario is given by -DSCENARIO="<file>"; it says who asks for what and what may go wrong. */

#include "words.pml"
#include "mutants.pml"
#include SCENARIO
#include "bounds.pml"
#include "world.pml"
#include "operations.pml"
#include "replacing.pml"
#include "revoking.pml"
#include "taking_over.pml"
#include "rest.pml"

/* Which rows were taken, by their lines in table.pml: pan prints them. */
c_code {
  static char is_taken[256];
  static void print_taken(void) {
    int line;
    for (line = 1; line < 256; line++)
      if (is_taken[line]) printf("row %d\n", line);
  }
  static void took(int line) {
    static int is_registered;
    if (!is_registered) is_registered = !atexit(print_taken);
    if (line < 256) is_taken[line] = 1;
  }
}

/* (state, event) -> (action, state), by the code's table; what is not in it stops the run. */
#define ROW(from, by, does, to) \
  :: state == from && event == by -> action = does; state = to; c_code { took(__LINE__); }
inline look_up() {
  if
  BROKEN_ROWS
  :: else ->
    if
#include "table.pml"
    :: else -> action = Action_None
    fi
  fi
}

/* Rotator::start() */
inline start() {
  event = Event_Begin;
  if
  :: seen.state == SLOT_REVOKED -> state = State_Revoked
  :: seen.state == SLOT_REVOKING -> state = State_Revoking
  :: seen.state == SLOT_ACTIVE && goal == REVOKE_ALL ->
    state = State_Revoking;
    event = Event_Due
  :: seen.state == SLOT_ACTIVE && goal == REVOKE_PREVIOUS -> state = State_Committed
  :: seen.state == SLOT_ACTIVE && goal == ROLLBACK -> state = State_Restoring
  :: else ->
    if
    :: seen.pending ->
      target_pending();
      if
      :: seen.discard -> state = State_Discarding
      :: !seen.discard && !seen.has_value -> state = State_Reconciling
      :: !seen.discard && seen.has_value && goal == ADOPT && seen.pending != HAND ->
        state = State_Stopped;
        event = Event_Failed
      :: !seen.discard && seen.has_value && goal == SWEEP -> state = State_Committed
      :: else -> state = State_Staged
      fi
    :: else ->
      if
      :: goal == SWEEP -> state = State_Committed
      :: else -> state = State_Idle
      fi
    fi
  fi
}

/* refuse_at_once() */
#define IS_REFUSED_AT_ONCE \
  ((seen.state == SLOT_REVOKED && (goal == ROTATE || goal == ROLLBACK)) || \
   (seen.state == SLOT_ACTIVE && \
    (((goal == ROTATE || goal == ROLLBACK) && NAMES(seen) == 0 && seen.pending == 0) || \
     (goal == CREATE && seen.current))))

#define AT_BEGIN 10
#define AT_STOPPED 11
#define AT_END 12

inline begin() {
  if
  :: outcome = DONE
  :: faults -> lose(LOST_BEFORE)
  :: faults -> lose(LOST_AFTER)
  fi;
  if
  :: TAKES_EFFECT ->
    fence = SELF;
    lease = SELF
  :: else
  fi;
  if
  :: outcome == DONE ->
    d_step {
      copy(kept, seen);
      ripe = PREVIOUS_OF(kept) & ~recent;
      began_dead = kept.current && !(live & CURRENT_OF(kept));
      running = running | BIT(SELF)
    };
    if
    :: IS_REFUSED_AT_ONCE -> step = AT_END
    :: else -> start(); step = 0
    fi
  :: else -> forget_the_call()
  fi
}

/* The destructor of SlotTransaction. */
inline end() {
  if
  :: outcome = DONE
  :: faults -> lose(LOST_BEFORE)
  :: crashes -> die()
  fi;
  if
  :: outcome == DONE && fence == SELF && lease == SELF -> lease = 0
  :: else
  fi;
  forget_the_call()
}

/* Memory is lost, by intent or not. */
inline forget_the_call() {
  d_step {
    running = running & ~BIT(SELF);
    seen.state = 0;
    seen.current = 0;
    seen.pending = 0;
    seen.has_value = false;
    seen.discard = false;
    seen.previous[0] = 0;
    seen.previous[1] = 0;
    seen.previous[2] = 0;
    seen.retiring = 0;
    seen.log = 0;
    ripe = 0;
    goal = 0;
    replace = 0;
    state = 0;
    event = 0;
    action = 0;
    target = 0;
    discards = false;
    is_marked = false;
    minted = 0;
    mints = 0;
    orphans = 0;
    strange = false;
    committed = false;
    proven = false;
    refused = false;
    taken_over = false;
    drift = false;
    blind = false;
    began_dead = false;
    step = AT_BEGIN
  }
}

inline perform() {
  if
  :: action == Action_CheckDrift -> check_drift()
  :: action == Action_Decide -> decide()
  :: action == Action_Prepare -> prepare()
  :: action == Action_StageIntent -> stage_intent()
  :: action == Action_Mint -> mint()
  :: action == Action_StageValue -> stage_value()
  :: action == Action_Verify -> verify()
  :: action == Action_Identify -> identify()
  :: action == Action_StageAdopted -> stage_adopted()
  :: action == Action_ProvePrevious -> prove_previous()
  :: action == Action_Commit -> commit()
  :: action == Action_Reconcile -> reconcile()
  :: action == Action_MarkTarget -> mark_target()
  :: action == Action_DeleteTarget -> delete_target()
  :: action == Action_DropTarget -> drop_target()
  :: action == Action_UndoMint -> undo_mint()
  :: action == Action_ChooseRetirement -> choose_retirement()
  :: action == Action_ProveCurrent -> prove_current()
  :: action == Action_CheckUse -> check_use()
  :: action == Action_Sweep -> sweep()
  :: action == Action_SetRevoking -> set_state(SLOT_REVOKING)
  :: action == Action_ChooseRevocation -> choose_revocation()
  :: action == Action_SetRevoked -> set_state(SLOT_REVOKED)
  :: action == Action_DecideRevoked -> decide_revoked()
  :: action == Action_SetActive -> set_state(SLOT_ACTIVE)
  :: action == Action_Finish -> event = Event_Checked
  fi
}

proctype Host() {
  Slot seen; /* the snapshot of begin, kept up in memory */
  mask ripe; /* previous versions whose grace period had passed then */
  byte goal, replace;
  byte state, event, action;
  byte step = AT_BEGIN;
  byte target;
  bool discards, is_marked; /* the target is pending; it was marked when it was chosen */
  byte minted, mints;
  mask orphans;
  byte orphan;
  bool strange;
  bool committed, proven, refused, drift, taken_over;
  bool blind;      /* the list before the mint could not be read */
  bool began_dead; /* current was dead when this began */
  byte calls = CALLS;

  do
  :: atomic {
      step == AT_BEGIN && calls && LEASE_IS_FREE ->
      calls--;
      if
      :: !resting -> choose_request()
      :: resting -> choose_request_at_rest()
      fi;
      begin()
    }
  :: atomic {
      step < AT_BEGIN ->
      if
      :: step == 0 -> look_up()
      :: else
      fi;
      if
      :: action == Action_None -> step = AT_STOPPED
      :: else ->
        perform();
        if
        :: step == 0 && event != Event_None && state == State_Stopped -> step = AT_STOPPED
        :: step == 0 && event != Event_None && state == State_Done -> step = AT_END
        :: else
        fi
      fi
    }
  :: atomic { /* Rotator::stopped() keeps the note */
      step == AT_STOPPED ->
      I7_only_the_lease_decides = event != Event_LeaseLost || sleeps != SLEEPS;
      assert(I7_only_the_lease_decides);
      if
      :: event != Event_LeaseLost && seen.log != kept.log ->
        write();
        if :: TAKES_EFFECT -> kept.log = seen.log :: else fi
      :: else
      fi;
      step = AT_END
    }
  :: atomic { step == AT_END -> end() }
  :: step == AT_BEGIN && calls == 0 && SELF == B -> break
  :: step == AT_BEGIN && calls == 0 && SELF == A && resting -> break
  :: atomic { /* what was under way has arrived, and from here on nothing goes wrong */
      step == AT_BEGIN && calls == 0 && SELF == A && !resting && _nr_pr == 3 /* B is gone */ &&
      late_posts == 0 && late_deletes == 0 ->
      rest()
    }
  :: false ->
killed:
    atomic {
      if
      :: lease == SELF -> lease = 0
      :: else
      fi;
      forget_the_call()
    }
  od;
  if
  :: SELF == A -> check_at_rest()
  :: else
  fi
}

init {
  atomic {
    kept.current = TOKEN_FIRST;
    kept.log = BIT(TOKEN_FIRST);
    if
    :: true
    :: HAND_MAY_BE_UNUSABLE -> unusable = BIT(HAND)
    fi;
    run World();
    run Host();
    run Host()
  }
}
