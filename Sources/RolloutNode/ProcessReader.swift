import Cluster
import Glibc
import Threads
import Wire

/// Reads the output of a program until it has ended, and ends it when asked: on a thread of its own.
struct ProcessReader {
    private let child: ChildProcess
    private let graceTime: Duration
    private let events: Mailbox<ProgramEvent>
    private let isStopping: StopFlag
    private var cutter: LineCutter
    private var buffer = [UInt8](repeating: 0, count: ProcessProgram.chunkBytes)
    private let clock = ContinuousClock()
    /// When it began to end the program, and the last signal that it has sent since.
    private var endingSince: ContinuousClock.Instant?
    private var signalled: Int32 = 0

    init(
        _ child: ChildProcess, lineBytesMax: Int, graceTime: Duration, events: Mailbox<ProgramEvent>,
        isStopping: StopFlag
    ) {
        (self.child, self.graceTime, self.events, self.isStopping) = (child, graceTime, events, isStopping)
        cutter = LineCutter(bytesMax: lineBytesMax)
    }

    /// Returns how the program ended.
    mutating func run() -> String {
        defer { close(child.output) }
        var isAtEnd = false
        var reads = 0
        while true {
            let isReady =
                !isAtEnd
                && ChildProcess.wait(child.output, for: POLLIN, milliseconds: ProcessProgram.tickMilliseconds)
            if isReady { isAtEnd = !read() }
            if isAtEnd { usleep(5000) }
            // Output usually means that the program lives, but its children may write too: check now and then.
            reads += 1
            if isReady, !isAtEnd, !isStopping.isRaised, reads % Self.readsMax != 0 { continue }
            if isAtEnd || isStopping.isRaised { requestEnd() }
            guard let ending = child.reap() else { continue }
            // Its children are killed with it; what they have written is read.
            child.signal(SIGKILL)
            for _ in 0..<Self.readsMax
            where !isAtEnd && ChildProcess.wait(child.output, for: POLLIN, milliseconds: 0) {
                isAtEnd = !read()
            }
            if let line = cutter.end() { handle(line) }
            return ending
        }
    }

    private static let readsMax = 64

    /// Reads once; `false` at the end of the output.
    private mutating func read() -> Bool {
        let count = Glibc.read(child.output, &buffer, ProcessProgram.chunkBytes)
        if count < 0 { return errno == EAGAIN || errno == EINTR }
        for line in cutter.append(buffer[..<count]) { handle(line) }
        return count > 0
    }

    /// Asks the program to end: first by the end of its input, then by SIGTERM, then by SIGKILL.
    private mutating func requestEnd() {
        let since = endingSince ?? clock.now
        endingSince = since
        let time = clock.now - since
        let wanted =
            time < ProcessProgram.politeTime ? 0 : time < ProcessProgram.politeTime + graceTime ? SIGTERM : SIGKILL
        guard wanted != signalled else { return }
        signalled = wanted
        child.signal(wanted)
    }

    private func handle(_ line: LineCutter.OutputLine) {
        switch line {
        case .text(_, let bytes) where bytes.allSatisfy({ $0 == UInt8(ascii: " ") }): break
        case .text(let number, let bytes):
            switch ProgramLine.report(bytes) {
            case .success(let report): send(.report(report))
            case .failure(let problem): send(.badLine(number, problem.text))
            }
        case .tooLong(let number, let bytes): send(.badLine(number, "it has \(bytes) bytes, which is too long"))
        }
    }

    private func send(_ event: ProgramEvent) {
        while events.send(event) == .full, !isStopping.isRaised { usleep(1000) }
    }
}
