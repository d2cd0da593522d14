import Wire

/// What follows a request to the coordinator.
enum ReplyEvent: Sendable {
    case message(Message)
    /// The time is over.
    case late
    /// This server is stopping.
    case stopping
}
