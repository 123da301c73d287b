/* The words of the model. */

#include "names.pml"
#define Event_None 255
#define Action_None 255

/* Goals, as hub::rotation::Goal. */
#define CREATE 1
#define ROTATE 2
#define ROLLBACK 3
#define ADOPT 4
#define REVOKE_PREVIOUS 5
#define REVOKE_ALL 6
#define SWEEP 7

#define A 1 /* the hosts, by their processes */
#define B 2
#define SELF (_pid - 1)

/* A token is a number from 1 and a set of tokens a mask. A minted token has the number of its
 * nonce: one nonce is sent once, and that it is so is checked (I6). */

#define mask short

#define TOKEN_FIRST 1 /* current at the start */
#define BIT(token) (1 << ((token) - 1))
#define HAND (NONCES + 1)    /* made by somebody by hand: no marker */
#define FOREIGN (NONCES + 2) /* of another slot of the same principal */
#define MARKED (BIT(NONCES + 1) - 1) /* carry this slot's marker */
#define COUNT(set) (COUNT_4(set) + COUNT_4((set) >> 4) + COUNT_4((set) >> 8))
#define COUNT_4(set) \
  (((set) & 1) + (((set) >> 1) & 1) + (((set) >> 2) & 1) + (((set) >> 3) & 1))
#define ANY_OF(token, set) \
  if \
  :: (set) & BIT(1) -> token = 1 \
  :: (set) & BIT(2) -> token = 2 \
  :: (set) & BIT(3) -> token = 3 \
  :: (set) & BIT(4) -> token = 4 \
  :: (set) & BIT(5) -> token = 5 \
  :: (set) & BIT(6) -> token = 6 \
  :: (set) & BIT(7) -> token = 7 \
  :: (set) & BIT(8) -> token = 8 \
  :: (set) & BIT(9) -> token = 9 \
  :: (set) & BIT(10) -> token = 10 \
  :: (set) & BIT(11) -> token = 11 \
  fi

/* ---- The slot ---- */

#define SLOT_ACTIVE 0
#define SLOT_REVOKING 1
#define SLOT_REVOKED 2
#define PREVIOUS 3 /* as many previous versions fit; kMaxVersions */

#define PREVIOUS_OF(slot) \
  ((slot.previous[0] -> BIT(slot.previous[0]) : 0) | \
   (slot.previous[1] -> BIT(slot.previous[1]) : 0) | \
   (slot.previous[2] -> BIT(slot.previous[2]) : 0))
#define CURRENT_OF(slot) (slot.current -> BIT(slot.current) : 0)
/* An intent names no token: its nonce is in the log. */
#define NAMES(slot) (CURRENT_OF(slot) | PREVIOUS_OF(slot) | \
                     (slot.pending && slot.has_value -> BIT(slot.pending) : 0))

