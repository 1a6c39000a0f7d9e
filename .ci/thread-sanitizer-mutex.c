// For builds under the thread sanitizer only: tells it of the standard library's Mutex.
//
// A Mutex that nobody fights over is taken and given by an atomic instruction within the program, which the sanitizer sees. One
// that is fought over is passed on by the kernel, in two functions of libswiftSynchronization that were compiled without the
// sanitizer, so what is behind such a Mutex would be reported as a race. These two take the place of those in the programs they
// are linked into, call them, and say what they did. Nothing is suppressed: an access outside the lock is reported as ever.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
// _MutexHandle._lockSlow(_: UInt32) and _MutexHandle._unlockSlow()
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

static SWIFT void (*originalLock)(uint32_t thread, SELF void *mutex);
static SWIFT void (*originalUnlock)(SELF void *mutex);

// A program without the library calls neither, and has none to find.
__attribute__((constructor)) static void findOriginals(void) {
    originalLock = dlsym(RTLD_NEXT, LOCK);
    originalUnlock = dlsym(RTLD_NEXT, UNLOCK);
}

SWIFT void lockSlow(uint32_t thread, SELF void *mutex) __asm__(LOCK);
SWIFT void lockSlow(uint32_t thread, SELF void *mutex) {
    originalLock(thread, mutex);
    __tsan_acquire(mutex);
}

SWIFT void unlockSlow(SELF void *mutex) __asm__(UNLOCK);
SWIFT void unlockSlow(SELF void *mutex) {
    __tsan_release(mutex);
    originalUnlock(mutex);
}
