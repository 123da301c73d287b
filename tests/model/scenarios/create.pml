/* A slot is revoked and put into use again, with a new token or with one made by hand. */
#define FAULTS 1
#define CRASHES 1
#define SLEEPS 1
#define CALLS 2

inline choose_request() {
  if
  :: SELF == A && calls == 1 -> goal = REVOKE_ALL
  :: SELF == A && calls == 0 -> goal = CREATE
  :: SELF == B && calls == 1 -> goal = ROTATE; replace = TOKEN_FIRST
  :: SELF == B && calls == 0 -> goal = CREATE
  :: SELF == B && calls == 0 -> goal = ADOPT
  fi
}
