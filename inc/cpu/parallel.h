// Parallel loops for kernels: OpenMP with a static partition. Use only where every item writes its
// own output, so that results do not depend on threads.
#pragma once

#include <cstddef>
#include <exception>

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace mod::cpu {

// The thread sanitizer does not see libgomp's barriers and reports races that are none.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool kOneThreadOnly = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
inline constexpr bool kOneThreadOnly = true;
#else
inline constexpr bool kOneThreadOnly = false;
#endif
#else
inline constexpr bool kOneThreadOnly = false;
#endif

/// Calls work(part, parts) for every part below `parts`, on at most `parts` threads, the caller's
/// among them; returns after all of them. The first exception in order of parts is rethrown then.
/// May be called from several threads at a time; a call inside `work` runs on its own thread alone.
template <class Work>
void parallel_parts(int parts, const Work& work) {
  if (parts <= 1 || kOneThreadOnly) {
    for (int part = 0; part < parts; ++part) work(part, parts);
    return;
  }
  std::exception_ptr failure;
  int failed_part = parts;
#if defined(_OPENMP)
#pragma omp parallel for num_threads(parts) schedule(static)
#endif
  for (int part = 0; part < parts; ++part) {
    try {
      work(part, parts);
    } catch (...) {
#if defined(_OPENMP)
#pragma omp critical(mod_parallel_failure)
#endif
      if (part < failed_part) failure = std::current_exception(), failed_part = part;
    }
  }
  if (failure) std::rethrow_exception(failure);
}

/// Calls work(first, last) on at most `threads` threads for consecutive ranges that cover 0 .. n -
/// 1; every range but the last starts and ends at a multiple of `grain`.
template <class Work>
void parallel_for(int threads, std::size_t n, std::size_t grain, const Work& work) {
  const std::size_t grains = (n + grain - 1) / grain;
  const auto most = static_cast<std::size_t>(threads < 1 ? 1 : threads);
  const auto parts = static_cast<int>(grains < most ? grains : most);
  parallel_parts(parts, [&](int part, int count) {
    const std::size_t first =
        grains * static_cast<std::size_t>(part) / static_cast<std::size_t>(count) * grain;
    const std::size_t last =
        grains * (static_cast<std::size_t>(part) + 1) / static_cast<std::size_t>(count) * grain;
    work(first, last < n ? last : n);
  });
}

}  // namespace mod::cpu
