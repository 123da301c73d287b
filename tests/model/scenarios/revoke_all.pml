/* Everything is revoked beside a host that replaces a token; then somebody may create anew. */
#define FAULTS 2
#define CRASHES 1
#define SLEEPS 1
#define CALLS 1
#define REVOKES

inline choose_request() {
  if
  :: SELF == A -> goal = REVOKE_ALL
  :: SELF == B -> goal = ROTATE; replace = TOKEN_FIRST
  fi
}
