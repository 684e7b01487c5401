"""Stand-in."""
import json
from kerasbert.data.examples import Examples
def read_examples(source,*,text="text",text_pair=None,labels=None,missing="error"):
    if isinstance(source,list): return Examples(source,None,None)
    rows=[json.loads(l) for l in open(source)]
    ls=[labels] if isinstance(labels,str) else labels or []
    return Examples([r[text] for r in rows],None,{c:[r[c] for r in rows] for c in ls},str(source))
