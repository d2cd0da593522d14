import Scoring
import Testing

@Suite("Token estimate: about four bytes a token")
struct TokenEstimateTests {
    @Test("bytes are rounded down, rounded up, or rounded down with two special tokens")
    func bytes() {
        #expect([0, 1, 3, 4, 5, 8].map { TokenEstimate.roundedDown(bytes: $0) } == [0, 0, 0, 1, 1, 2])
        #expect([0, 1, 3, 4, 5, 8].map { TokenEstimate.roundedUp(bytes: $0) } == [0, 1, 1, 1, 2, 2])
        #expect([0, 1, 3, 4, 5, 8].map { TokenEstimate.encoded(bytes: $0) } == [2, 2, 2, 3, 3, 4])
    }

    @Test("a text has at least one token, and its UTF-8 bytes count, not its characters")
    func texts() {
        #expect(TokenEstimate.tokens(of: "") == 1)
        #expect(TokenEstimate.tokens(of: "abcd") == 1)
        #expect(TokenEstimate.tokens(of: "abcde") == 2)
        #expect(TokenEstimate.tokens(of: "ßßß") == 2)
    }
}
