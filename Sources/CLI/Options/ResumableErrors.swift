// Errors after which the same command may continue: they end a command with exit code 75.
import ClientNode
import CommandSupport
import RolloutNode
import WorkerNode

extension ClientError: ResumableError {}

extension WorkerError: ResumableError {
    package var isResumable: Bool {
        switch self {
        case .abandoned, .modelUnavailable: true
        case .socket, .thread, .model, .refused: false
        }
    }
}

extension RolloutError: ResumableError {
    package var isResumable: Bool {
        if case .abandoned = self { true } else { false }
    }
}
