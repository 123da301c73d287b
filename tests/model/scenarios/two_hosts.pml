/* Two hosts replace one token: one because it was asked to, the other for that or because the token
 * nears its expiry. */
#define FAULTS 2
#define CRASHES 1
#define SLEEPS 1
#define AGES 1
#define CALLS 1

inline choose_request() {
  goal = ROTATE;
  if
  :: replace = TOKEN_FIRST
  :: SELF == B -> replace = 0
  fi
}
