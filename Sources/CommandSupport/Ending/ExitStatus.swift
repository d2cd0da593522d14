/// The exit codes of both programs. Throwing one ends a command with that code and without a message.
package enum ExitStatus: Int32, Error {
    /// Everything was done.
    case done = 0
    /// An error; the message says what to do.
    case failed = 1
    /// A wrong option, argument or setting; nothing was started.
    case usage = 2
    /// The work is done, and some rows could not be used.
    case finishedWithErrorRows = 3
    /// Interrupted: the same command continues where it stopped.
    case resumable = 75
}
