public import Testing

extension Tag {
    /// Tests that start processes or run for more than some seconds. Suites with this tag have a name that ends in
    /// `ProcessTests`, so that `swift test --skip ProcessTests` leaves them out.
    @Tag public static var slow: Self
}
