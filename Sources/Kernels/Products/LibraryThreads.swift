import Foundation

/// Sets how many threads oneDNN uses in calls from the current thread.
///
/// libdnnl runs on OpenMP, whose setting belongs to the calling thread. The encoder gives whole sequences to its
/// own threads, and each of them computes alone: two threads inside one product wait at barriers and lose most of
/// their time as soon as another program uses a core.
public enum LibraryThreads {
    private typealias SetCount = @convention(c) (Int32) -> Void

    // Looked up at run time, not linked: libdnnl loads its OpenMP library, whose development link may be absent.
    private static let setCount: SetCount? = {
        guard let symbol = dlsym(nil, "omp_set_num_threads") else { return nil }
        return unsafeBitCast(symbol, to: SetCount.self)
    }()

    /// From now on, products called from this thread run on this thread alone. Cost: nanoseconds.
    public static func useOneInThisThread() {
        setCount?(1)
    }
}
