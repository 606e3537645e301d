// The whole public API of mod.cpp.
#pragma once

#include "mod/checkpoint.h"
#include "mod/dtype.h"
#include "mod/error.h"
#include "mod/merge.h"
#include "mod/version.h"
