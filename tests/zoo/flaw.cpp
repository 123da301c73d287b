#include "flaw.hpp"

const Flaw kFlaw = Flaw::FLAW;
