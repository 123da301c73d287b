/* What is broken on purpose: -DMUTANT=... one of these. */

#define NONE 0
#define COMMIT_BEFORE_VERIFY 1
#define DISCARD_UNMARKED 2
#define RETIRE_UNMARKED 3
#define UNDO_AFTER_STAGE 4
#define POST_AGAIN_BEFORE_RECONCILE 5
#define DROP_BEFORE_DELETE 6
#define REVOKE_ALL_UNMARKED 7
#define RETIRE_WITHOUT_PROOF_OF_CURRENT 8
#define ADOPT_WITHOUT_VERIFY 9
#define NO_FENCE 10
#define LEASE_IGNORED 11
#define DELETE_BEFORE_COMMIT 12
#define SWEEP_UNFENCED 13
#define SWEEP_BY_OWNER_ONLY 14
#define MARKER_SHARED_BY_SLOTS 15
#define RESTORED_STORE_SWEEPS 16
#define REPLACE_IGNORED 17
#define STORE_ERROR_SWALLOWED 18
#define ANY_404_IS_GONE 19
#ifndef MUTANT
#define MUTANT NONE
#endif

/* Rows that come before those of the code. */
#define State_Broken 100
#if MUTANT == COMMIT_BEFORE_VERIFY
#define BROKEN_ROWS ROW(State_Minted, Event_Written, Action_Commit, State_Verified)
#elif MUTANT == DISCARD_UNMARKED
#define BROKEN_ROWS ROW(State_Staged, Event_Rejected, Action_DeleteTarget, State_Rejected)
#elif MUTANT == RETIRE_UNMARKED
#define BROKEN_ROWS ROW(State_Committed, Event_Unused, Action_DeleteTarget, State_Retiring)
#elif MUTANT == UNDO_AFTER_STAGE
#define BROKEN_ROWS ROW(State_Verified, Event_LeaseLost, Action_UndoMint, State_Stopped)
#elif MUTANT == POST_AGAIN_BEFORE_RECONCILE
#define BROKEN_ROWS ROW(State_Intent, Event_Unanswered, Action_Mint, State_Intent)
#elif MUTANT == DROP_BEFORE_DELETE
#define BROKEN_ROWS \
  ROW(State_Retiring, Event_Written, Action_DropTarget, State_Broken) \
  ROW(State_Broken, Event_Written, Action_DeleteTarget, State_Broken) \
  ROW(State_Broken, Event_Gone, Action_ChooseRetirement, State_Committed)
#elif MUTANT == REVOKE_ALL_UNMARKED
#define BROKEN_ROWS ROW(State_Revoking, Event_Due, Action_ChooseRevocation, State_Revoking)
#elif MUTANT == RETIRE_WITHOUT_PROOF_OF_CURRENT
#define BROKEN_ROWS ROW(State_Committed, Event_Due, Action_CheckUse, State_Committed)
#elif MUTANT == ADOPT_WITHOUT_VERIFY
#define BROKEN_ROWS \
  ROW(State_Idle, Event_Offered, Action_StageAdopted, State_Adopting) \
  ROW(State_Adopting, Event_Written, Action_Commit, State_Verified)
#else
#define BROKEN_ROWS
#endif

/* Rules. */
/* A false alarm is the least that many of them do; the worse is to be found. */
#if MUTANT == NONE || MUTANT == SWEEP_UNFENCED || MUTANT == MARKER_SHARED_BY_SLOTS
#define ALARMS_ARE_EXCUSED false
#else
#define ALARMS_ARE_EXCUSED true
#endif

#if MUTANT == NO_FENCE
#define FENCE_HOLDS true
#else
#define FENCE_HOLDS (fence == SELF)
#endif

#if MUTANT == LEASE_IGNORED
#define LEASE_IS_FREE true
#else
#define LEASE_IS_FREE (lease == 0 || lease == SELF)
#endif

#if MUTANT == DELETE_BEFORE_COMMIT
#define BEFORE_COMMIT revoke(kept.current)
#else
#define BEFORE_COMMIT skip
#endif

#if MUTANT == SWEEP_UNFENCED
#define RENEW_BEFORE_JUDGING outcome = DONE
#else
#define RENEW_BEFORE_JUDGING renew()
#endif

#if MUTANT == SWEEP_BY_OWNER_ONLY
#define EXAMINED (MARKED | BIT(FOREIGN))
#define TAKEN_FOR_ORPHANS EXAMINED
#elif MUTANT == MARKER_SHARED_BY_SLOTS
#define EXAMINED (MARKED | BIT(FOREIGN))
#define TAKEN_FOR_ORPHANS 0
#elif MUTANT == RESTORED_STORE_SWEEPS
#define EXAMINED MARKED
#define TAKEN_FOR_ORPHANS MARKED
#else
#define EXAMINED MARKED
#define TAKEN_FOR_ORPHANS 0
#endif

#if MUTANT == REPLACE_IGNORED
#define IS_MET committed
#else
#define IS_MET MET
#endif

#if MUTANT == STORE_ERROR_SWALLOWED
#define WHEN_UNKNOWN Event_Written
#else
#define WHEN_UNKNOWN Event_Failed
#endif

#if MUTANT == ANY_404_IS_GONE
#define IS_GONE (outcome == DONE || outcome == REFUSED)
#else
#define IS_GONE (outcome == DONE)
#endif
