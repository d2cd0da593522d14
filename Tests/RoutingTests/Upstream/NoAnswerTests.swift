import Routing
import Testing

@Suite("What a client is answered when no endpoint answered")
struct NoAnswerTests {
    @Test("429 if all are limited, 503 if something is broken, 502 if something failed")
    func kinds() {
        #expect(NoAnswer(failures: [], exclusions: [.atLimit, .rateLimited]) == .limited)
        #expect(NoAnswer(failures: [.rateLimited], exclusions: [.atLimit]) == .limited)
        #expect(NoAnswer(failures: [.rateLimited, .rateLimited], exclusions: []) == .limited)
        #expect(NoAnswer(failures: [], exclusions: [.atLimit, .coolingDown]) == .unavailable)
        #expect(NoAnswer(failures: [], exclusions: []) == .unavailable)
        #expect(NoAnswer(failures: [.serverError], exclusions: [.atLimit]) == .failed)
        #expect(NoAnswer(failures: [.rateLimited, .timeout], exclusions: []) == .failed)
        #expect(NoAnswer(failures: [], exclusions: [.spendLimit, .spendLimit]) == .spent)
        #expect(NoAnswer(failures: [], exclusions: [.spendLimit, .atLimit]) == .limited)
    }

    @Test("models that could never answer the request do not count")
    func impossible() {
        #expect(NoAnswer(failures: [], exclusions: [.unsupported, .promptTooLong, .atLimit]) == .limited)
        #expect(NoAnswer(failures: [], exclusions: [.unsupported]) == .unavailable)
    }
}
