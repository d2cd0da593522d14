import Scoring
import Testing

@Suite("Median and quantiles")
struct MedianTests {
    @Test("the median is the middle value, or the mean of the two in the middle")
    func middle() {
        #expect(Median.of([3]) == 3)
        #expect(Median.of([5, 1, 3]) == 3)
        #expect(Median.of([4, 1, 3, 2]) == 2.5)
    }

    @Test("a quantile is interpolated between the two nearest values")
    func quantiles() {
        let values = [40.0, 10, 30, 20, 50]
        #expect(Median.quantile(0, of: values) == 10)
        #expect(Median.quantile(1, of: values) == 50)
        #expect(Median.quantile(0.25, of: values) == 20)
        #expect(Median.quantile(0.875, of: values) == 45)
    }
}
