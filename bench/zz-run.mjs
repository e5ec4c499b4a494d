import { Learner, Network, sgd, random } from 'tapline';
const b=+(process.argv[2]??25); const C=6,O=8; const chance=random(1);
const mk=(c)=>Array.from({length:64},()=>Float32Array.from({length:b*c},()=>chance.normal()));
const xs=mk(C), ts=mk(O);
const l=new Learner(Network.create({inChannels:C,layers:[{type:'conv1d',outChannels:8,kernelSize:16}]},{seed:1}),{task:'target',optimizer:sgd({learningRate:1e-6}),holdout:false});
let at=0,start=0; const t0=performance.now();
const N=+(process.argv[3]??2e6); for(let i=0;i<N/b;i++){const block={data:xs[at],channels:C,start,rate:250,time:0}; l.teach({...block,data:ts[at],channels:O}); l.push(block); start+=b; at=(at+1)&63;}
console.log(b,((performance.now()-t0)*1e3/N).toFixed(3),'us');
