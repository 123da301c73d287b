/* A token that somebody made by hand is taken over beside a host that replaces the current one. */
#define FAULTS 1
#define CRASHES 1
#define SLEEPS 1
#define REFUSALS 0
#define CALLS 2
#define HAND_MAY_BE_UNUSABLE true

inline choose_request() {
  if
  :: SELF == A -> goal = ADOPT
  :: SELF == B -> goal = ROTATE; replace = TOKEN_FIRST
  fi
}
