package intent

import "sync"

// The range of Han characters that simplified knows.
const firstHan, lastHan = 0x4e00, 0x9fff

// simplified maps the traditional characters of this domain, and the Cantonese
// ones that have a plain counterpart (咗 to 了, 嘅 to 的), to simplified ones, and every other Han
// character to itself; firstHan is at 0.
// Each maps to exactly one character, so that positions stay the same. It is a
// small table of its own: the whole of the script is not needed to read a
// request, and one-to-many mappings would need context.
var simplified = sync.OnceValue(func() *[lastHan - firstHan + 1]rune {
	var m [lastHan - firstHan + 1]rune
	for i := range m {
		m[i] = firstHan + rune(i)
	}
	from, to := []rune(traditionalRunes), []rune(simplifiedRunes)
	for i, r := range from {
		m[r-firstHan] = to[i]
	}
	return &m
})

const traditionalRunes = "" +
	"乜仲佔佢併來係俾倉個們傳傷僅價億儘償優儲兒內兩冇冊別刪剛創劃劇動務勝勞勵匯區協參" +
	"咁咗咪哋員問啓啟啱啲單喺嗎嗰嘅嘢噃噹嚟嚴囉國圓圖報場壓壞壽夠奪奬妳媽嬲孃孖孫學實" +
	"寧審寫寬寶將尋對層屬嶄師帳帶幣幫幹幾庫廣廳強彈彙後徑從復徵徹恆愛態慣慮慶憑應懷戀" +
	"戰戲戶拋捨捲掃掛採掣換揮揾損搵撥撳擇擊擔據擬擺擾攔攝攞攤敗數斃斷於時晝暫曆書會東" +
	"條棄業極構槍標樣機檔檢檯櫃權歡歲歷歸殘殺殼毀氣決沒沖況淨淸淺減測準滅滿漲漸潔濟瀏" +
	"災為無煉煩熱燒爲爺爾牆牽狀獄獎獨獲現環產畀畢畫異當療癡發盜盡監盤眾睇睏確碼礙礦祇" +
	"禍禮稅種稱積穩窮競筆節範簡糧糾紀約純紙級紛細紹終組結絕絡給統絲綁經綜綠維網緊緒線" +
	"編緩緻縣縮總績織繫繳繼續纔罰罷羅義習聞聯聰聲職聽肅腦腳膽臉臨臺與興舉舊艙華萬葉蒐" +
	"蓋薦蘋處虛號蟲術衛衹裏補裝裡襲規視親覺觀觸訂計訊訓託記訪設許訴診詐評詢試話該詳誌" +
	"認誘語誠誤說誰課調談請論諮諾謊講謝證識譯議護讀變讓豐負財貢貨貪貫責貴買貸費貼賀資" +
	"賓賞賠賣質賬賴賺購贈贏趕跡蹤車軌軟較載輕輛輸轉辦辭農這連週進遊運過達違遞遠適遲選" +
	"遺還邊郵鄉鄰醜醫醬釋針鈔鈕鉛銀銷鋪錄錢錯鍵鎖鏈鐘鐵鑰長門閉開閒間閱闆關陣陸陽隊階" +
	"際隨險隱隻雖雙雜雞離難雲電靈靜韓響頁頂項順須預頓頗領頭頻題額願類顧顯風飛飯餓餘館" +
	"馬駛騙騷驅驗驚體鬆鬥鬧魚鳥鹽麗麥麵麼麽黃點齊齡龍龐"

const simplifiedRunes = "" +
	"什还占他并来是给仓个们传伤仅价亿尽偿优储儿内两没册别删刚创划剧动务胜劳励汇区协参" +
	"这了别们员问启启刚些单在吗那的么啵当来严啰国圆图报场压坏寿够夺奖你妈气娘两孙学实" +
	"宁审写宽宝将寻对层属崭师账带币帮干几库广厅强弹汇后径从复征彻恒爱态惯虑庆凭应怀恋" +
	"战戏户抛舍卷扫挂采钮换挥找损找拨按择击担据拟摆扰拦摄拿摊败数毙断于时昼暂历书会东" +
	"条弃业极构枪标样机档检台柜权欢岁历归残杀壳毁气决没冲况净清浅减测准灭满涨渐洁济览" +
	"灾为无炼烦热烧为爷尔墙牵状狱奖独获现环产给毕画异当疗痴发盗尽监盘众看困确码碍矿只" +
	"祸礼税种称积稳穷竞笔节范简粮纠纪约纯纸级纷细绍终组结绝络给统丝绑经综绿维网紧绪线" +
	"编缓致县缩总绩织系缴继续才罚罢罗义习闻联聪声职听肃脑脚胆脸临台与兴举旧舱华万叶搜" +
	"盖荐苹处虚号虫术卫只里补装里袭规视亲觉观触订计讯训托记访设许诉诊诈评询试话该详志" +
	"认诱语诚误说谁课调谈请论咨诺谎讲谢证识译议护读变让丰负财贡货贪贯责贵买贷费贴贺资" +
	"宾赏赔卖质账赖赚购赠赢赶迹踪车轨软较载轻辆输转办辞农这连周进游运过达违递远适迟选" +
	"遗还边邮乡邻丑医酱释针钞钮铅银销铺录钱错键锁链钟铁钥长门闭开闲间阅板关阵陆阳队阶" +
	"际随险隐只虽双杂鸡离难云电灵静韩响页顶项顺须预顿颇领头频题额愿类顾显风飞饭饿余馆" +
	"马驶骗骚驱验惊体松斗闹鱼鸟盐丽麦面么么黄点齐龄龙庞"
