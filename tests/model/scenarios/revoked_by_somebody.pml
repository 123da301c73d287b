/* Somebody else revokes whatever is current while two hosts look after it. */
#define FAULTS 1
#define CRASHES 1
#define SLEEPS 1
#define STRANGERS 1
#define CALLS 1
#define DRIFT_IS_CHECKED true

inline choose_request() {
  goal = ROTATE;
  if
  :: SELF == A -> replace = TOKEN_FIRST
  :: else -> replace = 0
  fi
}
