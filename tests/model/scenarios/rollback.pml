/* One host replaces and retires while another one goes back to the previous token, or revokes it. */
#define FAULTS 1
#define CRASHES 1
#define SLEEPS 1
#define CALLS 2
#define KEPT_WHILE_USED true
#define CLOCKS_DIFFER true

inline choose_request() {
  if
  :: SELF == A && calls == 1 -> goal = ROTATE; replace = TOKEN_FIRST
  :: SELF == A && calls == 0 -> goal = ROTATE
  :: SELF == B && calls == 1 -> goal = ROLLBACK
  :: SELF == B && calls == 0 -> goal = ROLLBACK; replace = TOKEN_FIRST + 1
  :: SELF == B && calls == 0 -> goal = REVOKE_PREVIOUS
  fi
}
