/* What a scenario does not bound does not happen. */
#ifndef FAULTS
#define FAULTS 0
#endif
#ifndef CRASHES
#define CRASHES 0
#endif
#ifndef SLEEPS
#define SLEEPS 0
#endif
#ifndef REFUSALS
#define REFUSALS 0
#endif
#ifndef STRANGERS
#define STRANGERS 0
#endif
#ifndef AGES
#define AGES 0
#endif
#ifndef RESTORES
#define RESTORES 0
#endif
#ifndef DRIFT_IS_CHECKED
#define DRIFT_IS_CHECKED false
#endif
#ifndef SWEEP_IS_DUE
#define SWEEP_IS_DUE false
#endif
#ifndef MAY_BE_FULL
#define MAY_BE_FULL false
#endif
#ifndef KEPT_WHILE_USED
#define KEPT_WHILE_USED false
#endif
#ifndef CLOCKS_DIFFER
#define CLOCKS_DIFFER false
#endif
#ifndef HAND_MAY_BE_UNUSABLE
#define HAND_MAY_BE_UNUSABLE false
#endif

/* More are never asked for, which the model asserts: each event that may go wrong costs one, at
 * rest one is minted, and the first is there. */
#define NONCES 9
