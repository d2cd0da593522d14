import Reporting
import Testing

@Suite("Decimals")
struct DecimalsTests {
    @Test("numbers are rounded half away from zero and padded with zeros")
    func rounding() {
        #expect(decimals(1.005, 1) == "1.0" && decimals(-0.04, 1) == "0.0" && decimals(-2.25, 1) == "-2.3")
        #expect(decimals(12.049, 2) == "12.05" && decimals(7.6, 0) == "8" && decimals(0.0625, 4) == "0.0625")
    }

    @Test("each sign style shows the sign that it states")
    func signs() {
        #expect(decimals(3, 2, sign: .always) == "+3.00" && decimals(0, 1, sign: .always) == "+0.0")
        #expect(decimals(-0.04, 1, sign: .always) == "+0.0" && decimals(-0.06, 1, sign: .always) == "-0.1")
        #expect(decimals(0, 1, sign: .nonzero) == "0.0" && decimals(0.04, 1, sign: .nonzero) == "+0.0")
        #expect(decimals(-0.04, 1, sign: .nonzero) == "-0.0" && decimals(-0.04, 1) == "0.0")
    }

    @Test("a number too large for its digits is printed as Swift prints it")
    func large() {
        #expect(decimals(1e16, 1) == "1e+16" && decimals(-.infinity, 1) == "-inf")
    }

    @Test("printf decimals round the exact binary value, halves to even")
    func printf() {
        #expect(printfDecimals(0.25, 1) == "0.2" && printfDecimals(0.75, 1) == "0.8")
        #expect(printfDecimals(1.115, 2) == "1.11" && decimals(1.115, 2) == "1.12")
        #expect(printfDecimals(0, 4, plus: true) == "+0.0000" && printfDecimals(-0.00001, 4) == "-0.0000")
    }
}
