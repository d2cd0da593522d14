import HTTPServing
import Testing

@Suite("A limit of requests in progress")
struct ConcurrencyLimiterTests {
    @Test("a place is free again when its guard is released")
    func places() {
        let limiter = ConcurrencyLimiter(requestsMax: 2)
        var first = limiter.enter()
        let second = limiter.enter()
        #expect(first != nil && second != nil && limiter.enter() == nil && limiter.requests == 2)
        first = nil
        #expect(limiter.requests == 1)
        #expect(limiter.enter() != nil)
        withExtendedLifetime(second) {}
    }

    @Test("bytes are limited too, and the largest number of bytes does not overflow")
    func bytes() {
        let limiter = ConcurrencyLimiter(requestsMax: 10, bytesMax: 100)
        let large = limiter.enter(bytes: 60)
        #expect(large != nil && limiter.enter(bytes: 41) == nil && limiter.enter(bytes: .max) == nil)
        #expect(limiter.enter(bytes: 40) != nil)
        withExtendedLifetime(large) {}
    }
}
