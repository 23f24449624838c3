-- sysbench: statements of which no two have the same digest (each names its column otherwise).
sysbench.cmdline.options = {base = {"name of this run, a number", 1}}

local number = 0

function thread_init()
  connection = sysbench.sql.driver():connect()
end

function event()
  number = number + 1
  connection:query(string.format("SELECT 1 AS r%d_%d_%d", sysbench.opt.base, sysbench.tid, number))
end

function thread_done()
  connection:disconnect()
end
