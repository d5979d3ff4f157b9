#!/usr/bin/env python3
"""Field cases: log lines, exports, inventories and inputs as people have them (composed values, real forms).
usage: run.py TUNER [DIR ...] [--all]   DIR defaults to the folder of this script; tests/run calls it
Each case is NAME.expect.json beside its input. Prints `n/m ok` and the first miss; exit 1 on any miss. --all prints every case."""
import json, os, re, subprocess, sys, tempfile, glob
args=[a for a in sys.argv[1:] if a!="--all"]; show="--all" in sys.argv
tuner=os.path.abspath(args[0]); dirs=args[1:] or [os.path.dirname(os.path.abspath(__file__))]

def same(want,got,key):
    if want is None: return got is None
    if key=="time":
        if got is None: return False
        from datetime import datetime
        p=lambda t: datetime.fromisoformat(re.sub(r"(\.\d{6})\d+",r"\1",t.replace("Z","+00:00")))
        try: return abs((p(want)-p(got)).total_seconds())<0.0011
        except ValueError: return False
    if isinstance(want,(int,float)) and not isinstance(want,bool): return isinstance(got,(int,float)) and abs(want-got)<=1e-6*max(1,abs(want))
    return want==got

def dig(doc,path):
    """a.b[0].c, or a.[name=x].c for the first element of a list whose name is x"""
    for part in re.findall(r"\[[^\]]*\]|[^.\[\]]+",path):
        if doc is None: return None
        if part.startswith("["):
            inner=part[1:-1]
            if "=" in inner:
                k,v=inner.split("=",1); doc=next((e for e in doc if isinstance(e,dict) and str(dig(e,k))==v),None)
            else:
                i=int(inner); doc=doc[i] if isinstance(doc,list) and -len(doc)<=i<len(doc) else None
        elif part=="#": doc=len(doc)
        else: doc=doc.get(part) if isinstance(doc,dict) else None
    return doc

def run(case,base):
    with tempfile.TemporaryDirectory() as out:
        sub=lambda a: a.replace("{input}",os.path.join(base,case["input"])).replace("{base}",base).replace("{out}",out)
        env={k:v for k,v in os.environ.items() if not k.startswith("AWS_")}; env["AWS_EC2_METADATA_DISABLED"]="true"; env["NO_COLOR"]="1"
        go=lambda command: subprocess.run([tuner,*map(sub,command)],capture_output=True,text=True,errors="replace",timeout=case.get("timeout_s",120),cwd=out,env=env,stdin=subprocess.DEVNULL)
        try:
            p=go(case["command"])
            # What people see without --format records counts too.
            if case["command"][:3]==["logs","--format","records"] and ({"alternative","or_all"} & case.keys()): p.stderr+=go(["logs",*case["command"][3:]]).stderr
        except subprocess.TimeoutExpired: return ["did not end in time"]
        p.stderr=p.stderr.replace(sub("{input}"),"INPUT").replace(base,"BASE").replace(case["name"],"CASE")
        doc=None
        if case.get("document"):
            try: doc=json.load(open(sub(case["document"]))) if case["document"]!="stdout" else json.loads(p.stdout)
            except (OSError,ValueError) as e: doc=None
        return judge(case,p,doc)

def judge(case,p,doc):
    alt=case.get("alternative")
    def alternative():
        return bool(alt) and ("stderr" not in alt or bool(re.search(alt["stderr"],p.stderr+("" if "records" in case["command"] else p.stdout))))
    bad=[]
    if "exit" in case:
        ok=case["exit"]
        if (p.returncode not in ok if isinstance(ok,list) else p.returncode!=ok): bad.append(f"exit {p.returncode}, wanted {ok}: {p.stderr.strip()[:200]}")
    for rx in case.get("stderr_has",[]):
        if not re.search(rx,p.stderr): bad.append(f"stderr lacks /{rx}/: {p.stderr.strip()[:300]}")
    for rx in case.get("output_has",[]):
        if not re.search(rx,p.stdout+p.stderr): bad.append(f"output lacks /{rx}/: {(p.stdout+p.stderr).strip()[:300]}")
    for rx in case.get("output_lacks",[]):
        m=re.search(rx,p.stdout+p.stderr)
        if m: bad.append(f"output has /{rx}/: {m.group(0)[:200]}")
    for path,want in case.get("document_has",{}).items():
        got=dig(doc,path) if doc is not None else None
        if isinstance(want,dict) and "oneof" in want: ok=any(same(w,got,path.split(".")[-1]) for w in want["oneof"])
        else: ok=same(want,got,path.split(".")[-1])
        if not ok: bad.append(f"{path}: wanted {want}, got {got}"+("" if doc is not None else f" (no document; exit {p.returncode}: {p.stderr.strip()[:200]})"))
    if bad and case.get("or_says") and re.search(case["or_says"],p.stderr): bad=[]
    if "records" in case:
        got=[]
        for line in p.stdout.splitlines():
            try: got.append(json.loads(line))
            except ValueError: pass
        if case.get("needs_alternative_or") is not None:
            want=case["needs_alternative_or"]
            hit=len(got)==len(want) and all(any(all(same(v,g.get(k),k) for k,v in w.items()) for g in got) for w in want)
            if hit or alternative(): return []
            return [f"{len(got)} records and no word about it on stderr: {p.stderr.strip()[:160]!r}"]
        if "or_all" in case:
            seen={g.get("request_id") for g in got}
            if all(w["request_id"] in seen for w in case["or_all"]) or (all(w["request_id"] in seen for w in case["records"]) and re.search(case["stderr_or_all"],p.stderr)): return []
            return [f"{len(got)} of {len(case['or_all'])} records and no word about the others on stderr: {p.stderr.strip()[:160]!r}"]
        by={}
        for g in got: by.setdefault(g.get("request_id"),[]).append(g)
        for w in case["records"]:
            mine=by.get(w["request_id"],[])
            if not mine: bad.append(f"no record of {w['request_id']}"); continue
            if len(mine)>1: bad.append(f"{len(mine)} records of {w['request_id']}")
            for k,v in w.items():
                if k=="function_any":
                    if mine[0].get("function") not in v: bad.append(f"{w['request_id'][:8]} function: wanted one of {v}, got {mine[0].get('function')}")
                elif not same(v,mine[0].get(k),k): bad.append(f"{w['request_id'][:8]} {k}: wanted {v}, got {mine[0].get(k)}")
        if len(got)!=case["count"]: bad.append(f"{len(got)} records, wanted {case['count']}"+(f"; stderr {p.stderr.strip()[:120]!r}" if not got else ""))
        if bad and not got and alternative(): return []
    return bad

cases=[]
for d in dirs:
    for f in sorted(glob.glob(os.path.join(d,"*.expect.json"))): cases.append((d,json.load(open(f))))
if not cases: print(f"no cases in {dirs}"); sys.exit(2)
good,first=0,None
for base,c in cases:
    bad=run(c,os.path.abspath(base))
    if not bad: good+=1
    elif first is None: first=(c["name"],bad)
    if show: print(f"{'ok  ' if not bad else 'MISS'} {c['severity']} {c['name']}"+("" if not bad else f": {'; '.join(bad[:3])}"+(f" (+{len(bad)-3})" if len(bad)>3 else "")))
print(f"{good}/{len(cases)} ok"+(f", first miss {first[0]}: {'; '.join(first[1][:2])}" if first else ""))
sys.exit(bool(first))
