/// An error of a command itself: the exit code and the message for the user.
///
/// Errors of other modules need no wrapping: `CommandRunner` prints their description and exits with 1.
package struct CommandFailure: Error {
    package let status: ExitStatus
    package let message: String

    package init(_ message: String, status: ExitStatus = .failed) {
        self.status = status
        self.message = message
    }
}

/// An error after which the same command may continue later, with exit code 75.
package protocol ResumableError: Error {
    var isResumable: Bool { get }
}
