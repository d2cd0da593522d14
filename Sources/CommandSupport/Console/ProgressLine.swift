import Foundation

/// Progress on standard error: on a terminal one line that is rewritten, elsewhere a line every 5 seconds.
///
/// The rate is the mean of the last 30 seconds. The time left is shown once there is a rate.
package final class ProgressLine {
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let clock = ContinuousClock()
    private var samples: [(at: ContinuousClock.Instant, done: Int)] = []
    private var lastShown: ContinuousClock.Instant?
    private var width = 0

    package init() {}

    /// Shows the progress, at most five times a second. A total of 0 is unknown.
    package func show(done: Int, of total: Int, unit: String, detail: String) {
        let now = clock.now
        let interval: Duration = isTerminal ? .milliseconds(200) : .seconds(5)
        if samples.isEmpty || samples.last.map({ now - $0.at > .milliseconds(200) }) == true {
            samples.append((now, done))
            while samples.count > 2, now - samples[0].at > .seconds(30) { samples.removeFirst() }
        }
        guard lastShown.map({ now - $0 >= interval }) ?? isTerminal else {
            if lastShown == nil { lastShown = now }
            return
        }
        lastShown = now
        let share = total > 0 ? String(format: " (%.1f %%)", 100 * Double(done) / Double(total)) : ""
        var text = "\(done)/\(total) \(unit)\(share)"
        if let rate = rate, rate > 0 {
            text += String(format: rate < 10 ? "  %.1f/s" : "  %.0f/s", rate)
            if done < total { text += "  \(Self.time(Double(total - done) / rate)) left" }
        }
        put(text + (detail.isEmpty ? "" : "  \(detail)"))
    }

    /// Clears the line on a terminal.
    package func end() {
        if isTerminal, width > 0 { write("\r" + String(repeating: " ", count: width) + "\r") }
        width = 0
    }

    /// Recent rate per second; `nil` in the first second and without progress.
    private var rate: Double? {
        guard let first = samples.first, let last = samples.last, last.done > first.done else { return nil }
        let time = (last.at - first.at) / .seconds(1)
        return time > 1 ? Double(last.done - first.done) / time : nil
    }

    private func put(_ text: String) {
        guard isTerminal else { return write(text + "\n") }
        write("\r" + text + String(repeating: " ", count: max(0, width - text.count)))
        width = text.count
    }

    private func write(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    /// A duration in seconds as text: `42 s`, `3 min 5 s`, `2 h 10 min`.
    package static func time(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded(.up))
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
        return "\(whole / 3600) h \(whole % 3600 / 60) min"
    }
}
