/// A moment on the driver's clock, as time since a zero of its choice. Machines get the time with each event and never
/// read a clock.
public struct Instant: Hashable, Comparable, Sendable {
    /// Time since the clock's zero.
    public let offset: Duration

    /// The moment `offset` after the clock's zero.
    public init(_ offset: Duration) {
        self.offset = offset
    }

    /// The clock's zero.
    public static let zero = Instant(.zero)

    /// The moment `duration` after `instant`.
    public static func + (instant: Instant, duration: Duration) -> Instant { Instant(instant.offset + duration) }
    /// Time from `earlier` to `later`; negative if `later` is the earlier one.
    public static func - (later: Instant, earlier: Instant) -> Duration { later.offset - earlier.offset }
    /// Whether `left` is before `right` on the same clock.
    public static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
}
