"""Stand-in."""
from dataclasses import dataclass
import numpy as np
DEFAULT_MAX_LENGTH = 128
@dataclass(frozen=True)
class TokenArrays:
    input_ids: np.ndarray
    token_type_ids: np.ndarray
    offsets: np.ndarray
    num_truncated: int = 0
    def __len__(self): return len(self.offsets) - 1
    def take(self, idx):
        parts=[slice(self.offsets[i],self.offsets[i+1]) for i in idx]
        ids=np.concatenate([self.input_ids[p] for p in parts]) if len(parts) else self.input_ids[:0]
        ty=np.concatenate([self.token_type_ids[p] for p in parts]) if len(parts) else self.token_type_ids[:0]
        return TokenArrays(ids,ty,np.concatenate([[0],np.cumsum([p.stop-p.start for p in parts])]).astype("int64"),self.num_truncated)
class TextEncoder:
    def __init__(self,tok,max_length,folder): self.t=tok; self.max_length=max_length; self.pad_id=0; self.folder=folder
    @classmethod
    def from_folder(cls, folder, *, max_length=None):
        from tokenizers import Tokenizer
        t=Tokenizer.from_file(str(folder)+"/tokenizer.json"); t.no_padding(); m=max_length or 128; t.enable_truncation(m); t.encode_special_tokens=True
        return cls(t,m,folder)
    def encode(self,texts,pairs=None):
        e=self.t.encode_batch(list(texts) if pairs is None else list(zip(texts,pairs)))
        n=[len(x.ids) for x in e]
        return TokenArrays(np.concatenate([x.ids for x in e] or [[]]).astype("int32"),np.concatenate([x.type_ids for x in e] or [[]]).astype("int32"),np.concatenate([[0],np.cumsum(n)]).astype("int64"))
    def tokens(self,text): return self.t.encode(text).tokens
    def save(self,folder): self.t.save(str(folder)+"/tokenizer.json")
