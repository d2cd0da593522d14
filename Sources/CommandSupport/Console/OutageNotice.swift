import Threads

/// Says on standard error that a server does not answer, at most every 30 seconds.
final class OutageNotice: Sendable {
    private static let interval = Duration.seconds(30)
    private let url: String
    private let last = SharedValue<ContinuousClock.Instant?>(nil)

    init(url: String) {
        self.url = url
    }

    /// A try has failed and is repeated.
    func failed(_ reason: String) {
        let now = ContinuousClock.now
        var isDue = false
        last.change { last in
            isDue = last.map { now - $0 >= Self.interval } ?? true
            if isDue { last = now }
        }
        if isDue { printError("statezero: \(url): \(reason); trying again") }
    }
}
