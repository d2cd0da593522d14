import CommandSupport
import Scoring
import Kernels

/// Wall-clock time and processor time of one piece of work, in seconds.
///
/// Other programs on the machine lengthen processor time far less, so it is the figure to compare on a busy machine.
struct MeasuredTime {
    /// Whose processor time counts.
    enum Scope {
        /// The calling thread.
        case thread
        /// All threads of this process.
        case process

        fileprivate var processorSeconds: Double {
            switch self {
            case .thread: ProcessorTime.ofThisThread
            case .process: ProcessorTime.ofThisProcess
            }
        }
    }

    let seconds: Double
    let processorSeconds: Double

    /// Runs the work once and measures it.
    init<Failure: Error>(of scope: Scope, _ work: () throws(Failure) -> Void) throws(Failure) {
        let (start, processorStart) = (ContinuousClock.now, scope.processorSeconds)
        try work()
        seconds = (ContinuousClock.now - start) / .seconds(1)
        processorSeconds = scope.processorSeconds - processorStart
    }
}

extension [MeasuredTime] {
    /// Median of the wall-clock seconds. Precondition: at least one measurement.
    var medianSeconds: Double { Median.of(map(\.seconds)) }
    /// Median of the processor seconds. Precondition: at least one measurement.
    var medianProcessorSeconds: Double { Median.of(map(\.processorSeconds)) }
}
