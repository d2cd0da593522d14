import Wire

/// The next event of a stream of replies to a request: a message of the coordinator, a timeout, or the server's stop.
enum ReplyEvent: Sendable {
    case message(Message)
    /// The time is over.
    case late
    /// This server is stopping.
    case stopping
}
