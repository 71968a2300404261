"""What has to be known to read the table: where a tool misses for want of input, and where we do. Text only."""

NOTES = """\
How to read it:

- The 32 mistakes were chosen by the people who wrote the clauses; for mistakes that nobody chose see mutants.txt.
- Ours: 05, 11, 16, 27 and 30 are warnings, since the documents do not say in as many words from which number speakers count, what
  becomes of both limits at once, which of 400 and 422 a mistake gets, that a running task does not wait again, and that 0 speakers
  are refused. 19 is told and is no finding: a server with further fields is a correct server to us. The tools beside us (all but S0)
  are given closed answers instead, so they see it, and would report each field of a later version.
- S0 sends bytes that are no recording, so no task is ever done; the run is green and does not say that it saw no result.
- S1 to S4 send recordings and see results. What they miss has no check: that an answer fits its request, that answers fit each
  other, that one documented refusal is not another. 16 stays within what the contract declares; 27 is not to be seen where results
  are there at the first look.
- PR only looks on: the calls are our rows. Its proxy reads an upload as text and breaks recordings, so they are made of ASCII bytes.
  A status that is not in the contract is a warning to it unless it is of 200 to 299 (17, 32).
- RS and RH are one tool. RH finds all, with each expected value written down by somebody who knew the 32 mistakes: speakers, channels,
  times, ids, three looks in their order. It holds for its three recordings; another recording needs other values, and a server that
  numbers speakers otherwise fails. RS is what is written first; its checks do not look at headers (07).
- SO sees each answer alone, on the traffic of VF: what a validator of shapes can see at most.
- S5 and S6 are our clauses without our rows: what they miss, random requests did not ask for, or not in the looks that show it. In
  S5 results are there at the first look, so 27 can't show. 22 is no finding for any id but the one of our rows: another may be known.
- One seed each: whether a malformed config (17) is drawn at all differs between S0, S4 and S5.
- The columns of others are as they were on 2026-11-22, with the versions above; ours are of 2026-11-28, with Python 3.11.2. The last
  table compares them with ours of 2026-11-22.
- VM drew no file of one channel with total_speakers (12), and no limit of 0 (30), in the 1500 calls of its seed; 12 it finds within 3000
  calls with each of six seeds.
- VM ends with its first error; VL, VF and VR go on to their end. VR is judged without any call.
- S1 is read from the run of S2: what its last phase alone has found is left out.
"""
