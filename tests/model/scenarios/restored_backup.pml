/* The store is backed up at any point and restored at any later one at which no host runs. */
#define FAULTS 1
#define CRASHES 1
#define SLEEPS 0
#define RESTORES 1
#define CALLS 2
#define SWEEP_IS_DUE true

inline choose_request() {
  if
  :: goal = ROTATE; replace = TOKEN_FIRST
  :: SELF == B -> goal = SWEEP
  fi
}
