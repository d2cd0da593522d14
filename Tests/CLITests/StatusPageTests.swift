import CLI
import JSON
import Testing

@Suite("What statezero status prints")
struct StatusPageTests {
    private func page(_ status: String, _ cluster: String) throws -> String {
        let (status, cluster) = (
            try JSONValue(reading: Array(status.utf8)), try JSONValue(reading: Array(cluster.utf8))
        )
        return StatusPage(status, cluster, address: "h:1").description
    }

    @Test("levels, then a table for each kind of part that there is")
    func whole() throws {
        let text = try page(
            #"{"version":"0.2.0","coordinator":{"generation":3,"uptime_seconds":75,"model":"m","workers":1,"jobs":1}}"#,
            #"""
            {"workers":[{"name":"host/1","role":"value","silent_seconds":0.25,"is_draining":true,"leases":1,"rows":8}],
             "jobs":[{"id":"00ff","owner":"client","pending":2,"leased":1,"unconfirmed":0,"rows":24,"confirmed_shards":3}],
             "plans":[]}
            """#)
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines[0] == "coordinator h:1, version 0.2.0, generation 3, up 1 min 15 s")
        #expect(lines[1] == "model m")
        #expect(lines[2].hasPrefix("workers 1 · rollout workers – · jobs 1 · "))
        #expect(lines.contains { $0.hasPrefix("host/1  value  draining") && $0.hasSuffix("0.2 s") }, "\(text)")
        #expect(lines.contains { $0.hasPrefix("00ff  client") })
        #expect(!text.contains("policy  "))
    }

    @Test("what is not listed is counted below its table")
    func omitted() throws {
        let text = try page("{}", #"{"jobs":[{"id":"00ff"}],"jobs_omitted":12,"workers":[],"workers_omitted":0}"#)
        #expect(text.hasSuffix("\nand 12 more jobs"), "\(text)")
    }

    @Test("an answer of another version, with nothing that is known, is shown without failing")
    func strange() throws {
        let text = try page("[]", #"{"workers":7,"jobs":[1,{}]}"#)
        #expect(text.contains("version –") && text.contains("none yet"))
    }
}
