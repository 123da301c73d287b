/* One host sweeps beside another one that replaces a token. */
#define FAULTS 2
#define CRASHES 1
#define SLEEPS 2
#define CALLS 1
#define SWEEP_IS_DUE true
#define MAY_BE_FULL (!resting)

inline choose_request() {
  if
  :: SELF == A -> goal = ROTATE; replace = TOKEN_FIRST
  :: SELF == B -> goal = SWEEP
  fi
}
