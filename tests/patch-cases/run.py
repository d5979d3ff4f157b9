#!/usr/bin/env python3
"""Cases of `tuner patch`: trees of infrastructure code, the change that is wanted, and what is right.
usage: run.py TUNER [DIR ...] [--all] [--only WORD] [--junit FILE]    README.md says what a case is
Prints `n/m ok` (asked) and `k/l` (reach) and the first miss; exit 1 on any miss. --all prints every case."""
import difflib, glob, json, os, re, shutil, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

def default_dirs():
    return [HERE]

def plain_name(path):
    """@node_modules stands for node_modules, so that no ignore file keeps a case from being stored whole."""
    return os.sep.join(s[1:] if s.startswith("@") else s for s in path.split(os.sep))

def lay_out(base, case, top):
    for part in ("tree", "outside"):
        src = os.path.join(base, part)
        os.makedirs(os.path.join(top, part), exist_ok=True)
        for folder, _, names in os.walk(src):
            for n in names:
                if n == ".keep": continue
                dst = os.path.join(top, part, plain_name(os.path.relpath(os.path.join(folder, n), src)))
                os.makedirs(os.path.dirname(dst), exist_ok=True); shutil.copyfile(os.path.join(folder, n), dst)
    tree = os.path.join(top, "tree")
    for g in case.get("grow", []):
        if "files" in g:
            for i in range(g["count"]):
                f = os.path.join(tree, g["files"].replace("{i}", str(i))); os.makedirs(os.path.dirname(f), exist_ok=True)
                with open(f, "w") as h: h.write(g["text"].replace("{i}", str(i)))
        else:
            f = os.path.join(tree, g["file"]); more = "".join(g["text"].replace("{i}", str(i)) for i in range(g["count"])).encode()
            with open(f, "rb") as h: old = h.read()
            with open(f, "wb") as h: h.write(more + old if g["at"] == "start" else old + more)
    for name, target in case.get("links", {}).items():
        f = os.path.join(tree, name); os.makedirs(os.path.dirname(f), exist_ok=True); os.symlink(target, f)
    for name, mode in case.get("modes", {}).items(): os.chmod(os.path.join(tree, name), int(mode, 8))
    git = case.get("git")
    if git is not None:
        def run(*a): subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "core.autocrlf=false", *a], cwd=tree, check=True, capture_output=True)
        run("init", "-q"); run("add", "-A"); run("commit", "-qm", "x")
        for f in git.get("dirty", []):
            with open(os.path.join(tree, f), "a") as h: h.write("# not committed\n")
        for f in git.get("untracked", []):
            with open(os.path.join(tree, f), "w") as h: h.write("new\n")
    return tree

def snapshot(top):
    """Every file's bytes and mode, links as links; git's own folder aside."""
    out = {}
    for folder, dirs, names in os.walk(top):
        if ".git" in dirs: dirs.remove(".git")
        for n in names + [d for d in dirs if os.path.islink(os.path.join(folder, d))]:
            f = os.path.join(folder, n); k = os.path.relpath(f, top)
            if os.path.islink(f): out[k] = ("link", os.readlink(f))
            else:
                with open(f, "rb") as h: out[k] = (oct(os.stat(f).st_mode & 0o777), h.read())
    return out

def lines(data): return data.split(b"\n")
def bare(line): return (line[3:] if line.startswith(b"\xef\xbb\xbf") else line).rstrip(b"\r").decode("utf-8", "replace")

def way_misses(way, before, after):
    """Why `after` is not what this way makes of `before`; empty when it is."""
    want = {k: v for k, v in before.items()}
    for e in way.get("edits", []):
        k = os.path.join("tree", e["file"]); mode, data = want[k]; ls = lines(data); i = e["line"] - 1
        if bare(ls[i]) != e["old"]: raise SystemExit(f"case is broken: {e['file']}:{e['line']} is {bare(ls[i])!r}")
        ls[i] = ls[i].replace(e["old"].encode(), e["new"].encode(), 1); want[k] = (mode, b"\n".join(ls))
    if set(want) != set(after): return [f"files came or went: {sorted(set(want) ^ set(after))[:3]}"]
    bad = []
    for k in want:
        if want[k] == after[k]: continue
        ins = [x for x in way.get("inserts", []) if os.path.join("tree", x["file"]) == k]
        if want[k][0] != after[k][0]: bad.append(f"{k}: mode {want[k][0]} became {after[k][0]}"); continue
        a, b = lines(want[k][1]), lines(after[k][1])
        if ins and len(b) == len(a) + len(ins):
            at = next((i for i in range(len(a)) if i >= len(b) or a[i] != b[i]), len(a)); x = ins[0]
            if a[at:] == b[at + 1:] and x["after"] <= at < x["before"] and re.search(x["line_matches"], bare(b[at])) and (b[at].endswith(b"\r") == a[max(at - 1, 0)].endswith(b"\r")): continue
        d = [l[:160] for l in difflib.unified_diff([repr(bytes(x))[2:-1] for x in a], [repr(bytes(x))[2:-1] for x in b], "right", "got", n=0, lineterm="")] if len(a) < 3000 else ["(large file differs)"]
        bad.append(f"{k}: " + " | ".join(d[2:8]))
    for x in way.get("inserts", []):
        k = os.path.join("tree", x["file"])
        if want[k] == after[k]: bad.append(f"{k}: nothing inserted between lines {x['after']} and {x['before']}")
    return bad

def named(text, place):
    return any(re.search(r"(?<![\w/.-])(?:\./)?" + re.escape(place["file"]) + r":" + str(n) + r"(?!\d)", text) for n in range(place["lines"][0], place["lines"][1] + 1))

def judge(case, base, tuner):
    with tempfile.TemporaryDirectory() as top:
        tree = lay_out(base, case, top); before = snapshot(top)
        env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_VAR_", "GIT_"))}
        env.update(NO_COLOR="1", AWS_EC2_METADATA_DISABLED="true", GIT_CEILING_DIRECTORIES=top, TUNER_PATCH_CASE=os.path.join(base, "case.json"))
        def go(*more):
            p = subprocess.run([tuner, "patch", *case["args"], "--path", tree, *more], capture_output=True, text=True, errors="replace", timeout=60, cwd=top, env=env, stdin=subprocess.DEVNULL)
            p.text = ANSI.sub("", p.stdout + "\n" + p.stderr).replace(tree + os.sep, ""); return p
        try: dry = go(); dry_tree = snapshot(top); p = go("--write"); after = snapshot(top)
        except subprocess.TimeoutExpired: return ["did not end in 60 s"]
        said = p.text.strip().replace("\n", " / ")[-300:]
        if dry_tree != before: return ["wrote without --write"]
        if re.search(r"panicked at|Traceback \(most recent", p.text + dry.text): return ["crashed: " + said]
        unchanged = after == before
        places = case.get("places") or [{"file": e["file"], "lines": [e["line"]] * 2, "what": "the value"} for w in case.get("ways", []) for e in w.get("edits", [])]
        def ambiguous(all_places):
            if not unchanged: return ["wrote, where nothing may be guessed"]
            if p.returncode == 0: return ["exit 0, nothing written: " + said]
            missing = [x for x in places if not named(p.text, x)]
            if missing and (all_places or len(missing) == len(places)):
                return [f"does not name {x['file']}:{x['lines'][0]}" + (f"-{x['lines'][1]}" if x['lines'][1] != x['lines'][0] else "") + f" ({x['what']}): {said}" for x in missing]
            count = len(set(re.findall(r"[\w./@-]+:\d+", p.text)))
            return [f"names {count} places, of which {len(places)} matter"] if count > 3 * len(places) + 6 else []
        bad = []; expect = case["expect"]
        for word in case.get("says", []):
            if word not in p.text + dry.text: bad.append(f"does not say {word!r}: {said}")
        if expect == "ambiguous": bad += ambiguous(True)
        elif expect == "unchanged":
            if not unchanged: bad.append("wrote, where nothing is to be changed")
            if p.returncode: bad.append(f"exit {p.returncode}: {said}")
        elif expect == "not_found":
            if not unchanged: bad.append("wrote: " + str([k for k in before if before[k] != after.get(k)][:3]))
            if p.returncode == 0 or (p.returncode != 2 and not case.get("any_exit")): bad.append(f"exit {p.returncode}, wanted 2: {said}")
            if not any(a in p.stderr for a in case["args"][1::2][:2]): bad.append(f"standard error does not name the function that was looked for: {said}")
        elif expect == "refused":
            f = case["git"]["dirty"][0]
            if not unchanged: bad.append("wrote over changes that are not committed")
            if p.returncode == 0: bad.append("exit 0")
            if f not in p.text: bad.append(f"does not name {f}: {said}")
            if dry.returncode: bad.append(f"the diff without --write: exit {dry.returncode}")
        elif expect == "patched":
            tried = [way_misses(w, before, after) for w in case["ways"]]
            if not any(t == [] for t in tried):
                if case.get("or_ambiguous") and not ambiguous(False): return bad
                bad += [f"exit {p.returncode}, nothing written: {said}"] if unchanged else min(tried, key=len)
            else:
                way = case["ways"][tried.index([])]
                if p.returncode: bad.append(f"written, but exit {p.returncode}: {said}")
                if dry.returncode: bad.append(f"without --write: exit {dry.returncode}")
                out = {l.rstrip("\r\n").lstrip("\ufeff") for l in ANSI.sub("", dry.stdout).replace("\r", "").split("\n")}
                out |= {l[:1] + l[1:].lstrip("\ufeff") for l in out}
                for e in way.get("edits", []):
                    if "-" + e["old"] not in out or "+" + e["new"] not in out: bad.append(f"without --write: no unified diff of {e['file']}:{e['line']} on standard output"); break
                again = go("--write")
                if snapshot(top) != after: bad.append("a second time changes the patched tree again")
                if again.returncode: bad.append(f"a second time: exit {again.returncode}")
        if bad and case["level"] == "reach" and unchanged and p.returncode: return [None] + bad  # left alone and said so
        return bad

def main():
    args = sys.argv[1:]; show = "--all" in args; only = junit = None
    for flag in ("--only", "--junit"):
        if flag in args: i = args.index(flag); value = args[i + 1]; del args[i:i + 2]; only, junit = (value, junit) if flag == "--only" else (only, value)
    args = [a for a in args if a != "--all"]
    if not args: raise SystemExit(__doc__)
    tuner = os.path.abspath(args[0]); score = {"asked": [0, 0], "reach": [0, 0]}; left = 0; first = None; cases = []
    for d in args[1:] or default_dirs():
        for f in sorted(glob.glob(os.path.join(d, "*", "case.json"))):
            with open(f) as h: case = json.load(h)
            if only and only not in case["name"]: continue
            t = time.time(); bad = judge(case, os.path.dirname(f), tuner); cases.append((case["name"], time.time() - t, bad))
            n = score[case["level"]]; n[1] += 1
            if not bad: n[0] += 1
            elif bad[0] is None: left += 1; bad = bad[1:]
            else: first = first or (case, bad)
            if show: print(f"{'ok  ' if not bad else 'MISS'} {case['level']:5} {case['name']}" + ("" if not bad else ": " + "; ".join(bad)))
    if junit:
        from xml.sax.saxutils import quoteattr
        with open(junit, "w") as h:
            h.write(f'<testsuite name="patch-cases" tests="{len(cases)}">\n' + "".join(f'  <testcase classname="patch" name={quoteattr(n)} time="{t:.3f}">' + ("" if not b else f"<failure message={quoteattr('; '.join(str(x) for x in b if x))}/>") + "</testcase>\n" for n, t, b in cases) + "</testsuite>\n")
    print(f"{score['asked'][0]}/{score['asked'][1]} ok, reach {score['reach'][0]}/{score['reach'][1]} (left alone: {left})")
    if first: print(f"first miss: {first[0]['name']}: {'; '.join(first[1])}\n  why: {first[0]['why']}")
    sys.exit(1 if first or score["asked"][0] + score["reach"][0] == 0 else 0)

if __name__ == "__main__": main()
