import CLI
import JSON
import Testing

@Suite("What statezero top prints")
struct TopPageTests {
    private func page(_ overview: String) throws -> String {
        TopPage(try JSONValue(reading: Array(overview.utf8)), address: "h:1").description
    }

    @Test("four answers, then rates, predictions, jobs, workers, plans and notices")
    func whole() throws {
        let text = try page(
            #"""
            {"version":"0.2.0","coordinator":{"uptime_seconds":75,"model":"m"},
             "rates":{"rows":12.34,"rollouts":0,"messages":3,"history":{"step_seconds":5,"rows":[0,4,8],"rollouts":[0,0,0]}},
             "workers":{"value":2,"rollout":1,"idle":1,"working":1,"draining":0,"silent":1,"leases":1,
               "shown":[{"name":"a","role":"value","silent_seconds":3,"is_draining":false,"leases":1,"rows":8}]},
             "jobs":{"open":1,"shown":[{"id":"00112233445566778899aabbccddeeff","owner":"client","pending":1,"leased":1,
               "rows":16,"rows_answered":250,"rows_total":1000,"rows_per_second":12.5,"seconds_left":60}]},
             "queue":{"pieces_pending":1,"pieces_leased":1,"assignments_pending":0,"assignments_leased":0},
             "plans":{"shown":[{"policy_id":"p","step":3,"prompts":4,"status":"ok","total":32,"utility":1.2,
               "uniform_utility":1,"silent_share":0.25,"silent_share_even":0.5,
               "done":{"groups":2,"rollouts":16,"silent_rollouts":4}}],
               "budgets_by_p":[{"policy_id":"p","step":3,"bins":[[1,4,4,4],[1,8,8,8]],"unpredicted":[]}]},
             "predictions":{"histogram":[1,0,3],"cells":[{"groups":2,"sum_p":1,"sum_reward":0.5}]},
             "errors":{"row_errors":3},"notices":[{"text":"worker b was lost","is_error":false,"count":1,"seconds_ago":61}]}
            """#)
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines[0] == "coordinator h:1, version 0.2.0, up 1 min 15 s, model m")
        #expect(lines[1] == "working    yes; 2 workers, 1 rollout worker: 1 working, 1 idle, 0 draining, 1 silent")
        #expect(lines[2].hasPrefix("time left  1 min 0 s; █████░") && lines[2].hasSuffix("25 %, 250 of 1000 rows"))
        #expect(lines[3].contains("+20 % signal expected against even budgets") && lines[3].contains("25 % seen"))
        #expect(lines[4] == "wrong      1 notice, see below; 3 rows with an error")
        #expect(text.contains(" ▅█  rows/s") && text.contains("0 ▃ █ 1") && text.contains("0.50         0.25"))
        #expect(lines.contains { $0.hasPrefix("00112233  client") && $0.hasSuffix("1 min 0 s") }, "\(text)")
        #expect(lines.contains { $0.hasPrefix("a       value  silent") }, "\(text)")
        #expect(lines.last == "1 min 1 s ago: worker b was lost")
    }

    @Test("an answer of another version, and numbers beyond all sense, are shown without failing")
    func strange() throws {
        #expect(try page("[]").contains("version –"))
        let text = try page(
            #"""
            {"jobs":{"shown":[{"rows_total":1e300,"rows_answered":-1e300,"seconds_left":1e300}]},"notices":[{"seconds_ago":-5}],
             "predictions":{"histogram":[1e300,1e300],"cells":[{"groups":1e-300}]},
             "rates":{"history":{"rows":[-1,1e308,1e308]}}}
            """#)
        #expect(text.contains("time left"))
    }
}
