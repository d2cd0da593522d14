import FeatureStore
import Scoring
import Testing

@Suite("FeatureCache: two generations")
struct FeatureCacheTests {
    private func entry(_ number: Int) -> FeatureStore.Entry {
        FeatureStore.Entry(values: [Float(number)], isTruncated: false)
    }

    @Test("entries that are not requested are dropped with the old generation, others stay")
    func generations() {
        var cache = FeatureCache(rowsMax: 4)
        for number in 0..<5 { cache.insert(entry(number), for: Digest(of: "\(number)")) }
        #expect(cache.find(Digest(of: "4"))?.values == [4])
        #expect(cache.find(Digest(of: "0")) == nil)
        #expect(cache.find(Digest(of: "2"))?.values == [2])
        cache.insert(entry(5), for: Digest(of: "5"))
        #expect(cache.find(Digest(of: "2"))?.values == [2], "it was asked for, so it is recent")
        #expect(cache.find(Digest(of: "3")) == nil)
    }

    @Test("a bound in bytes holds")
    func bytes() {
        // An entry of one number is counted as 164 bytes, so a generation ends with its fourth entry.
        var cache = FeatureCache(bytesMax: 1000)
        for number in 0..<100 { cache.insert(entry(number), for: Digest(of: "\(number)")) }
        let found = (0..<100).count { cache.find(Digest(of: "\($0)")) != nil }
        #expect((1...8).contains(found))
        #expect(cache.find(Digest(of: "99")) != nil)
    }

    @Test("a cache of 0 bytes caches nothing")
    func disabled() {
        var cache = FeatureCache(bytesMax: 0)
        #expect(!cache.isEnabled)
        cache.insert(entry(1), for: Digest(of: "1"))
        #expect(cache.find(Digest(of: "1")) == nil)
        #expect(!FeatureCache(rowsMax: 1).isEnabled)
    }
}
