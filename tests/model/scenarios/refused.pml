/* New tokens are refused, once or for good, while two hosts replace one and then retire it. */
#define FAULTS 1
#define CRASHES 1
#define SLEEPS 1
#define REFUSALS 2
#define CALLS 1

inline choose_request() {
  goal = ROTATE;
  replace = TOKEN_FIRST
}
