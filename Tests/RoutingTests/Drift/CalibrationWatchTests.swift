import Routing
import Scoring
import Testing

@Suite("The drift alarm")
struct CalibrationWatchTests {
    private func pair(_ p: Double, _ reward: Double) throws -> CalibrationWatch.Pair {
        let outcome = try #require(Outcome(reward: reward))
        return try #require(CalibrationWatch.Pair(p: p, kappa: 20, outcome: outcome))
    }

    @Test("outcomes as predicted raise no alarm, and the error is near that of chance")
    func calibrated() throws {
        var watch = CalibrationWatch(models: 2)
        for index in 0..<200 { watch.add(try pair(0.75, index % 4 == 0 ? 0 : 1), of: 1) }
        let report = watch.report(of: 1)
        #expect(report.outcomes == 200 && !report.hasDrifted)
        #expect(report.meanP == 0.75 && report.meanReward == 0.75 && report.calibrationError == 0)
        #expect(watch.report(of: 0).outcomes == 0 && !watch.report(of: 0).hasDrifted)
    }

    @Test("a model that became worse raises the alarm, and it ends when predictions are right again")
    func drifted() throws {
        var watch = CalibrationWatch(models: 1)
        for index in 0..<100 { watch.add(try pair(0.9, index % 2 == 0 ? 0 : 1), of: 0) }
        let report = watch.report(of: 0)
        #expect(report.hasDrifted && (report.deviations ?? 0) < -4)
        #expect((report.calibrationError ?? 0) > (report.calibrationErrorExpected ?? 1))
        for index in 0..<CalibrationWatch.pairsMax { watch.add(try pair(0.5, index % 2 == 0 ? 0 : 1), of: 0) }
        #expect(!watch.report(of: 0).hasDrifted)
        #expect(watch.report(of: 0).outcomes == CalibrationWatch.pairsMax)
    }

    @Test("few outcomes raise no alarm, and a p of exactly 1 does not divide by zero")
    func few() throws {
        var watch = CalibrationWatch(models: 1)
        for _ in 0..<29 { watch.add(try pair(1, 0), of: 0) }
        #expect(!watch.report(of: 0).hasDrifted)
        watch.add(try pair(1, 0), of: 0)
        #expect(watch.report(of: 0).hasDrifted)
        #expect(watch.report(of: 0).deviations?.isFinite == true)
        let right = try #require(Outcome(reward: 1))
        #expect(CalibrationWatch.Pair(p: .nan, kappa: 1, outcome: right) == nil)
    }
}
